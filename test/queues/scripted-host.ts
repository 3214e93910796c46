import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { Entry } from '#src/core/entry'
import type { Standing, Welcome } from '#src/queues/socket/protocol'
import { SocketStore } from '#src/queues/socket/socket-store'
import { parcelOf } from './raw-client.js'
import { type Message, RawEnd } from './raw-end.js'

export const WELCOME: Welcome = {
  type: 'welcome',
  name: 'scripted',
  kind: 'fifo',
  capacity: 10,
  byteCapacity: Number.POSITIVE_INFINITY,
  joinable: false,
  maxAttempts: 16,
  deadLetter: false,
  priorities: false,
  keys: false,
  stored: 0,
  frameLimit: 2 ** 20,
  deadline: 30_000,
}

/** The side of a host that one client sees. */
export class HostEnd extends RawEnd {
  welcome(o: Partial<Welcome> = {}, standing: Partial<Standing> = {}): void {
    this.say(standingOf(standing), { ...WELCOME, ...o })
  }

  stand(standing: Partial<Standing>): void {
    this.say(standingOf(standing))
  }

  /** What the client has said by now. It has then heard all that was said to it. */
  async heard(): Promise<Message[]> {
    const heard: Message[] = []
    // What is said in the turn of an answer comes behind it.
    for (let time = 0; time < 2; time++) {
      this.say({ type: 'ping' })
      heard.push(...(await this.upTo('pong')))
    }
    return heard.filter(({ type }) => type !== 'pong')
  }
}

/** A host that says what it is told to say. */
export class ScriptedHost {
  readonly path: string
  /** Clients that came. */
  readonly ends: HostEnd[] = []
  readonly #server: Server
  #taken = 0
  #wake = (): void => {}

  private constructor(path: string) {
    this.path = path
    this.#server = createServer(socket => {
      this.ends.push(new HostEnd(socket, true))
      this.#wake()
    })
  }

  static async listen(path: string): Promise<ScriptedHost> {
    await rm(path, { force: true })
    const host = new ScriptedHost(path)
    host.#server.listen(path)
    await once(host.#server, 'listening')
    return host
  }

  /** The next client that comes, and has said hello. */
  async next(): Promise<HostEnd> {
    while (this.ends.length === this.#taken) await new Promise<void>(resolve => (this.#wake = resolve))
    const end = this.ends[this.#taken++] as HostEnd
    await end.greeted()
    return end
  }

  /** Lets the next client in. */
  async letIn(o: Partial<Welcome> = {}, standing: Partial<Standing> = {}): Promise<HostEnd> {
    const end = await this.next()
    end.welcome(o, standing)
    return end
  }

  async close(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    for (const { socket } of this.ends) socket.destroy()
    await closed
  }
}

function standingOf(o: Partial<Standing>): Message {
  return { type: 'standing', seen: 0, ready: 0, delayed: 0, leased: 0, shut: false, full: false, ...o }
}

type Told = [what: string, ...unknown[]]

/** A client's store that is connected to it, and what is told to the owner of the store. */
export async function storeAt(
  host: ScriptedHost,
  o: { welcome?: Partial<Welcome>; standing?: Partial<Standing>; patience?: number } = {},
) {
  const told: Told[] = []
  const undeliverable: unknown[] = []
  const address = { kind: 'unix', path: host.path } as const
  const terms = { address, token: 't', tls: undefined, patience: o.patience ?? 10_000 }
  const store = new SocketStore<unknown>(terms, error => undeliverable.push(error))
  const opened = store.open(undefined)
  const end = await host.letIn(o.welcome, o.standing)
  await opened
  store.listen({
    readable: () => void told.push(['readable']),
    writable: () => void told.push(['writable']),
    stored: ticket => void told.push(['stored', ticket]),
    failed: (ticket, error) => void told.push(['failed', ticket, error]),
    repeated: count => void told.push(['repeated', count]),
    broken: error => void told.push(['broken', error]),
  })
  /** Offers the values, put together. */
  const put = (values: readonly unknown[], o: { due?: number; priority?: number } = {}): boolean => {
    const entries = values.map(value => new Entry(value, Date.now(), o.due, o.priority))
    store.seal(entries)
    return store.offer(entries)
  }
  return { store, end, told, undeliverable, put }
}

export function itemsOf(first: number, values: readonly unknown[], attempts: readonly number[] | 0 = 0): Message {
  const seqs = values.map((_, at) => first + at)
  return { type: 'items', first, parcel: parcelOf(...values), seqs, attempts }
}
