/**
 * What is done once at the end of a turn of the event loop: connections that collect what many requests write hand it to
 * the kernel then, in one system call each. Measured in the HTTP/2 prototype, it is what takes a multiplexed request
 * below the cost of copying its bytes.
 */

/** Whoever has something to do at the end of the turn. */
export interface TurnTask {
  onTurnEnd(): void;
}

export class TurnEnd {
  #tasks: TurnTask[] = [];
  readonly #run = () => {
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) task.onTurnEnd();
  };

  /** Calls the task once when everything that has arrived has been read. A task that is added twice is called twice. HOT. */
  add(task: TurnTask): void {
    if (this.#tasks.push(task) === 1) setImmediate(this.#run);
  }
}
