/**
 * Blanks out what is not code in TypeScript: comments, the contents of strings, templates and regular expressions. Every
 * character becomes a space, newlines and delimiters stay, so positions and lines are those of the text.
 */

/** A word after which a slash begins a regular expression, not a division. */
const BEFORE_REGEX = /\b(return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield|instanceof)$/;

/** The code of `text`; same length, same lines. */
export function blankOut(text: string): string {
  const scanner = new Scanner(text);
  scanner.code();
  return scanner.out;
}

class Scanner {
  out = '';
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Reads code up to the end, or up to the brace that closes a template's `${`. */
  code(): void {
    let braces = 0;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at]!;
      if (char === '}' && braces === 0) return;
      if (char === '{') braces++;
      if (char === '}') braces--;
      if (this.#text.startsWith('//', this.#at)) this.#blankUntil(/\n|$/g, 0);
      else if (this.#text.startsWith('/*', this.#at)) this.#blankUntil(/\*\/|$/g, 2);
      else if (char === "'" || char === '"') this.#string(char);
      else if (char === '`') this.#template();
      else if (char === '/' && this.#regexMayBegin()) this.#regex();
      else this.#keep();
    }
  }

  #keep(): void {
    this.out += this.#text[this.#at++] ?? '';
  }

  #blank(): void {
    const char = this.#text[this.#at++];
    if (char !== undefined) this.out += char === '\n' ? '\n' : ' ';
  }

  #blankUntil(end: RegExp, more: number): void {
    end.lastIndex = this.#at;
    const stop = Math.min((end.exec(this.#text)?.index ?? this.#text.length) + more, this.#text.length);
    while (this.#at < stop) this.#blank();
  }

  #string(quote: string): void {
    this.#keep();
    while (this.#at < this.#text.length && this.#text[this.#at] !== quote && this.#text[this.#at] !== '\n')
      this.#escapable();
    this.#keep();
  }

  #template(): void {
    this.#keep();
    while (this.#at < this.#text.length && this.#text[this.#at] !== '`') {
      if (this.#text.startsWith('${', this.#at)) {
        this.#keep();
        this.#keep();
        this.code();
        this.#keep();
      } else this.#escapable();
    }
    this.#keep();
  }

  #regex(): void {
    this.#keep();
    let inClass = false;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') {
      const char = this.#text[this.#at];
      if (char === '/' && !inClass) break;
      if (char === '[') inClass = true;
      if (char === ']') inClass = false;
      this.#escapable();
    }
    this.#keep();
  }

  #escapable(): void {
    if (this.#text[this.#at] === '\\') this.#blank();
    this.#blank();
  }

  /** A slash after a value divides; after anything else it begins a regular expression. */
  #regexMayBegin(): boolean {
    const before = this.out.slice(-200).trimEnd();
    return !/[\w$)\]}'"`]$/.test(before) || BEFORE_REGEX.test(before);
  }
}
