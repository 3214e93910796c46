import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join as pathOf } from 'node:path'
import { Duplex } from 'node:stream'
import { optionError } from '../errors/option-error.js'
import { listenAt } from '../os/unix-socket.js'
import { isSameToken } from '../util/same-token.js'
import { type Port, PortStream } from './port-stream.js'

/** Names one end of a connection for one other process; plain data. */
export interface ConnectionDescriptor {
  readonly kind: 'connection'
  readonly path: string
  readonly token: string
}

/** What an end of a connection is made of by the process or thread that was given it. */
export type ConnectionEnd = Port | Duplex | number | ConnectionDescriptor

/** Bytes of a token, as text. */
const TOKEN = 32

export function streamOf(end: ConnectionEnd): Duplex {
  if (end instanceof Duplex) return end
  if (end instanceof MessagePort) return new PortStream(end)
  if (typeof end === 'number') return new Socket({ fd: end, readable: true, writable: true })
  if (end?.kind === 'connection' && typeof end.path === 'string' && typeof end.token === 'string') {
    const socket = connect(end.path)
    socket.write(end.token)
    return socket
  }
  throw optionError('end', 'a MessagePort, a Duplex, a file descriptor or what descriptor() answers', end)
}

/** Waits, at a socket of its own, for the one process that knows the token, and joins it to the stream. */
export async function offerAtSocket(stream: Duplex): Promise<ConnectionDescriptor> {
  const directory = await mkdtemp(pathOf(tmpdir(), 'queuelink-connection-'))
  const path = pathOf(directory, 's')
  const token = randomBytes(24).toString('base64url')
  const server = createServer({ noDelay: true }, socket => {
    socket.on('error', () => {})
    socket.on('readable', function look() {
      const came: Buffer | null = socket.read(TOKEN)
      if (!came) return
      socket.off('readable', look)
      if (!isSameToken(came, token)) return void socket.destroy()
      close()
      join(stream, socket)
    })
  })
  const remove = await listenAt(server, path)
  const close = (): void => {
    server.close()
    void remove().then(() => rm(directory, { recursive: true, force: true }))
  }
  stream.once('close', close)
  server.unref()
  return { kind: 'connection', path, token }
}

/** What ends the one ends the other. */
function join(stream: Duplex, socket: Socket): void {
  socket.unref()
  stream.pipe(socket)
  socket.pipe(stream)
  // What still comes is for nobody; but a socket that is closed under it would take with it what the other has not read.
  stream.once('close', () => {
    socket.unpipe()
    socket.resume()
    socket.end()
  })
  socket.once('close', () => stream.destroy())
}
