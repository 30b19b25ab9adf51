import { ScriptedServer, type Peer } from './scripted-server.js';

/** What a memcached that holds nothing says to a line. */
export function answerOf(line: string): string {
  const [command] = line.split(' ', 1);
  const opaque = line.split(' ').at(-1);
  if (command === 'version') return 'VERSION 1.6.18\r\n';
  if (command === 'mn') return 'MN\r\n';
  if (command === 'stats') return 'END\r\n';
  return command === 'mg' ? `EN ${opaque}\r\n` : `HD ${opaque}\r\n`;
}

/** A server that holds nothing and takes notes, until a test has it do something else. */
export class AnsweringServer implements AsyncDisposable {
  /** Commands with their keys, by connection. */
  readonly heard: string[][] = [];
  readonly #scripted: ScriptedServer;
  #onHeard: () => void = () => {};

  private constructor(scripted: ScriptedServer) {
    this.#scripted = scripted;
  }

  /** @param script what to say to a line on which connection, as a count from 0; `undefined` for what it would say anyway, `''` for nothing from then on. */
  static async start(
    script: (line: string, connection: number, peer: Peer) => string | undefined = () => undefined,
  ): Promise<AnsweringServer> {
    const started: AnsweringServer = new AnsweringServer(
      await ScriptedServer.start(async (peer) => {
        const lines: string[] = [];
        const connection = started.heard.push(lines) - 1;
        let isSilent = false;
        await peer.answer((line) => {
          lines.push(line.split(' ', 2).join(' '));
          const answer = script(line, connection, peer) ?? answerOf(line);
          isSilent ||= answer === '';
          started.#onHeard();
          return isSilent ? '' : answer;
        });
      }),
    );
    return started;
  }

  get address(): string {
    return this.#scripted.address;
  }

  get port(): number {
    return this.#scripted.port;
  }

  /** Resolves once a command has been heard on a connection. */
  async hears(command: string, connection = 0): Promise<void> {
    while (this.heard[connection]?.includes(command) !== true)
      await new Promise<void>((resolve) => (this.#onHeard = resolve));
  }

  /** What was heard of a key on a connection, in order. */
  about(key: string, connection: number): string[] {
    return this.heard[connection].filter((command) => command.endsWith(` ${key}`));
  }

  reset(connection = 0): void {
    this.#scripted.peers[connection].reset();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#scripted.close();
  }
}
