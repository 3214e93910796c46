import { randomBytes } from 'node:crypto'
import type { TlsOptions } from 'node:tls'
import { FRAME_LIMIT, FRAME_ROOM } from '../../core/frames.js'
import { isJoinable, mailboxOf } from '../../core/mailbox-of.js'
import { checkCount } from '../../core/options.js'
import { Queue } from '../../core/queue.js'
import { optionError } from '../../errors/option-error.js'
import { QueueClosedError } from '../../errors/queue-closed-error.js'
import { type AddressLike, formatAddress, parseAddress } from './address.js'
import { TOKEN_LIMIT } from './hello.js'
import { Host } from './host.js'

export interface HostOptions {
  /** What every client has to know. A random one by default; `descriptor()` tells it. */
  token?: string
  /** Clients at a time, at most. 1024. */
  connections?: number
  /** Bytes of a frame, and so of what is put together, at most. 8 MiB. */
  frameLimit?: number
  /** Ms after which a client is given up that says nothing, does not end a frame, or does not read. 30,000. */
  deadline?: number
  /** Of a TCP address: certificate and key, as for `tls.createServer`. */
  tls?: TlsOptions
}

/** A queue that is served to other processes: the queue itself, and its address. */
export class HostedQueue<T> extends Queue<T> {
  readonly #host: Host<T>
  readonly #queue: Queue<T>
  /** What clients have to know; as secret as the queue is. */
  readonly token: string

  /** @internal */
  constructor(queue: Queue<T>, host: Host<T>, joinable: boolean, token: string) {
    super(mailboxOf(queue), joinable, {
      descriptor: () => ({ kind: 'hosted', address: formatAddress(host.address), token }),
      unlink: () => queue.unlink(),
      stat: () => queue.stat(),
    })
    this.#host = host
    this.#queue = queue
    this.token = token
  }

  /** Where clients find it; of a TCP port 0, with the port that the system gave. */
  get address(): string {
    return formatAddress(this.#host.address)
  }

  /** Clients that are connected. */
  get connections(): number {
    return this.#host.connections
  }

  /** Ends the hosting: clients end with QueueClosedError, what they held goes back. The queue itself stays open. */
  override close(): Promise<void> {
    return this.#host.close(new QueueClosedError(`${this.name} is hosted no more`))
  }

  override async unlink(): Promise<void> {
    await this.close()
    await this.#queue.unlink()
  }
}

/**
 * Serves a queue of any kind to other processes, over a Unix socket that only this user may connect to, or TCP. Every client
 * has to know the token. Keeps the process alive until it is closed. Rejects with QueueExistsError where one is hosted already.
 *
 * @example
 * ```ts
 * import { connectQueue, fifoQueue, hostQueue } from 'queuelink'
 *
 * const hosted = await hostQueue(fifoQueue<string>({ capacity: 100 }), 'unix:./orders.sock')
 *
 * // In another process, which was told the token:
 * const orders = await connectQueue<string>('unix:./orders.sock', { token: hosted.token })
 * await orders.put('a kettle')
 * console.log(await orders.get()) // a kettle
 *
 * await orders.close()
 * await hosted.close()
 * ```
 */
export async function hostQueue<T>(
  queue: Queue<T>,
  address: AddressLike,
  o: HostOptions = {},
): Promise<HostedQueue<T>> {
  if (!(queue instanceof Queue)) throw optionError('queue', 'a queue', queue)
  const { token = randomBytes(24).toString('base64url') } = o
  if (typeof token !== 'string' || token === '' || Buffer.byteLength(token) > TOKEN_LIMIT) {
    throw optionError('token', `a string of 1 to ${TOKEN_LIMIT} bytes`, token)
  }
  const deadline = checkCount('deadline', o.deadline, 30_000)
  const connections = checkCount('connections', o.connections, 1024)
  const frameLimit = checkCount('frameLimit', o.frameLimit, FRAME_LIMIT)
  if (frameLimit < 2 * FRAME_ROOM || frameLimit >= 2 ** 32) {
    throw optionError('frameLimit', `a number of bytes from ${2 * FRAME_ROOM} on`, frameLimit)
  }
  const joinable = isJoinable(queue)
  const host: Host<T> = new Host({
    queue,
    mailbox: mailboxOf(queue),
    joinable,
    token,
    address: parseAddress(address),
    limits: { connections, frameLimit, deadline },
    tls: o.tls,
    onEnded: () => void host.close(new QueueClosedError(`${queue.name} was closed by its host`)),
  })
  await host.listen()
  return new HostedQueue(queue, host, joinable, token)
}
