/** A gRPC service of bytes, its server and its client: grpc-js on both ends, without a proto file. */
import { once } from 'node:events';
import {
  Client,
  type ClientDuplexStream,
  type ClientOptions,
  type ClientReadableStream,
  credentials,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServiceError,
  type StatusObject,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Test } from 'tap';

const SAME = (bytes: Buffer): Buffer => bytes;
const NO_LIMIT = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };

function method(name: string, requestStream: boolean, responseStream: boolean): MethodDefinition<Buffer, Buffer> {
  return {
    path: `/test.Service/${name}`,
    requestStream,
    responseStream,
    requestSerialize: SAME,
    requestDeserialize: SAME,
    responseSerialize: SAME,
    responseDeserialize: SAME,
  };
}

const SERVICE = {
  echo: method('Echo', false, false),
  collect: method('Collect', true, false),
  count: method('Count', false, true),
  talk: method('Talk', true, true),
} as const;

/** What a server does. */
export interface Handlers {
  readonly echo: handleUnaryCall<Buffer, Buffer>;
  readonly collect: handleClientStreamingCall<Buffer, Buffer>;
  readonly count: handleServerStreamingCall<Buffer, Buffer>;
  readonly talk: handleBidiStreamingCall<Buffer, Buffer>;
}

/** Echo returns its message, Collect the number of messages and bytes, Count that many messages, Talk each message. */
const DEFAULTS: Handlers = {
  echo: (call, reply) => reply(null, call.request),
  collect: (call, reply) => {
    let messages = 0;
    let bytes = 0;
    call.on('data', (each: Buffer) => {
      messages++;
      bytes += each.length;
    });
    call.on('end', () => reply(null, Buffer.from(`${messages} ${bytes}`)));
  },
  count: async (call) => {
    for (let i = 0; i < Number(call.request); i++)
      if (!call.write(Buffer.from(`message ${i}`))) await once(call, 'drain');
    call.end();
  },
  talk: (call) => {
    call.on('data', (each: Buffer) => call.write(each));
    call.on('end', () => call.end());
  },
};

/** A server that runs, and its port. */
export interface RunningServer {
  readonly server: Server;
  readonly port: number;
  /** Calls that began, by method. */
  readonly calls: Map<string, number>;
}

export async function startGrpcServer(t: Test, handlers: Partial<Handlers> = {}): Promise<RunningServer> {
  const server = new Server(NO_LIMIT);
  const calls = new Map<string, number>();
  const count = (name: string) => calls.set(name, (calls.get(name) ?? 0) + 1);
  const all = { ...DEFAULTS, ...handlers };
  const counted: Handlers & UntypedServiceImplementation = {
    echo: (call, reply) => {
      count('echo');
      all.echo(call, reply);
    },
    collect: (call, reply) => {
      count('collect');
      all.collect(call, reply);
    },
    count: (call) => {
      count('count');
      all.count(call);
    },
    talk: (call) => {
      count('talk');
      all.talk(call);
    },
  };
  server.addService(SERVICE, counted);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  t.teardown(() => server.forceShutdown());
  return { server, port, calls };
}

/** How a call ended, and with what. */
export interface Outcome {
  /** Null unless the status is OK. */
  readonly message: Buffer | null;
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
  /** What came in front of the message. */
  readonly initial: Metadata;
}

export interface CallOptions {
  readonly metadata?: Metadata;
  /** Milliseconds since 1970. */
  readonly deadline?: number;
}

/** A client of one connection, which lives until the test ends. Calls end in outcomes and never reject. */
export class GrpcClient {
  readonly #client: Client;

  constructor(t: Test, port: number, options: ClientOptions = {}) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { ...NO_LIMIT, ...options });
    t.teardown(() => this.#client.close());
  }

  echo(message: Buffer | string, options: CallOptions = {}): Promise<Outcome> {
    const { path } = SERVICE.echo;
    return new Promise((resolve) => {
      const call = this.#client.makeUnaryRequest(
        path,
        SAME,
        SAME,
        Buffer.from(message),
        options.metadata ?? new Metadata(),
        untilDeadline(options),
        (error: ServiceError | null, reply?: Buffer) => finish(error, reply),
      );
      const finish = outcomeOf(call, resolve);
    });
  }

  /** Sends all messages and ends. */
  collect(messages: readonly Buffer[]): Promise<Outcome> {
    return new Promise((resolve) => {
      const call = this.#client.makeClientStreamRequest<Buffer, Buffer>(
        SERVICE.collect.path,
        SAME,
        SAME,
        new Metadata(),
        {},
        (error: ServiceError | null, reply?: Buffer) => finish(error, reply),
      );
      const finish = outcomeOf(call, resolve);
      for (const each of messages) call.write(each);
      call.end();
    });
  }

  count(messages: number, options: CallOptions = {}): Streaming<ClientReadableStream<Buffer>> {
    const metadata = options.metadata ?? new Metadata();
    return new Streaming(
      this.#client.makeServerStreamRequest(
        SERVICE.count.path,
        SAME,
        SAME,
        Buffer.from(`${messages}`),
        metadata,
        untilDeadline(options),
      ),
    );
  }

  talk(options: CallOptions = {}): Streaming<ClientDuplexStream<Buffer, Buffer>> {
    const metadata = options.metadata ?? new Metadata();
    return new Streaming(
      this.#client.makeBidiStreamRequest(SERVICE.talk.path, SAME, SAME, metadata, untilDeadline(options)),
    );
  }
}

function untilDeadline({ deadline }: CallOptions): { deadline?: number } {
  return deadline === undefined ? {} : { deadline };
}

/** A call whose answer is a stream. */
export class Streaming<Call extends ClientReadableStream<Buffer>> {
  readonly call: Call;
  readonly messages: Buffer[] = [];
  /** How it ended. */
  readonly status: Promise<StatusObject>;
  #waiting: (() => void)[] = [];
  #over = false;

  constructor(call: Call) {
    this.call = call;
    call.on('data', (each: Buffer) => {
      this.messages.push(each);
      this.#wake();
    });
    call.on('error', () => undefined);
    this.status = new Promise((resolve) => {
      call.on('status', (each: StatusObject) => {
        this.#over = true;
        this.#wake();
        resolve(each);
      });
    });
  }

  /** The message with that number, once it is there. */
  async message(index: number): Promise<string> {
    while (this.messages.length <= index) {
      if (this.#over) throw new Error(`the call ended behind ${this.messages.length} messages`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.messages[index]!.toString();
  }

  #wake(): void {
    for (const each of this.#waiting.splice(0)) each();
  }
}

/** Puts together what a call with a single answer tells in pieces; the status comes behind the callback. */
function outcomeOf(
  call: NodeJS.EventEmitter,
  resolve: (outcome: Outcome) => void,
): (error: ServiceError | null, reply: Buffer | undefined) => void {
  let initial = new Metadata();
  let message: Buffer | null = null;
  call.on('metadata', (each: Metadata) => {
    initial = each;
  });
  call.on('status', ({ code, details, metadata }: StatusObject) => {
    setImmediate(() => resolve({ message: code === status.OK ? message : null, code, details, metadata, initial }));
  });
  return (_, reply) => {
    message = reply ?? null;
  };
}
