import { rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import type { Observable } from 'rxjs'
import type { GraphMetrics } from '../link/graph/graph-status.js'
import { liveDirectory } from './live-directory.js'

/** What `queuelink top` is sent, a line of JSON at a time. */
export interface Live extends GraphMetrics {
  readonly pid: number
  /** Milliseconds since the process began. */
  readonly age: number
}

/** Shows what this process runs to whoever connects and is the same user. Measures only while somebody looks. */
export class LiveServer {
  readonly #server: Server
  readonly #path: string
  readonly #watchers = new Set<Socket>()

  private constructor(server: Server, path: string) {
    this.#server = server
    this.#path = path
    server.on('connection', socket => this.#watchers.add(socket))
    // Also when it leaves at once.
    process.on('exit', this.#remove)
  }

  /** Undefined where it cannot be: nothing that runs depends on being looked at. */
  static open(metrics$: Observable<GraphMetrics>): LiveServer | undefined {
    try {
      const path = join(liveDirectory(), `${process.pid}.sock`)
      // Of a process that had the same number, and has died.
      rmSync(path, { force: true })
      const server = createServer(socket => {
        socket.on('error', () => {})
        const watching = metrics$.subscribe({
          next: metrics => {
            const live: Live = { ...metrics, pid: process.pid, age: Math.round(process.uptime() * 1000) }
            // Who does not read misses some.
            if (!socket.writableNeedDrain) socket.write(`${JSON.stringify(live)}\n`)
          },
          complete: () => socket.end(),
        })
        socket.on('close', () => watching.unsubscribe())
      })
      server.on('error', () => {})
      // It is never there with another mode.
      const mask = process.umask(0o177)
      server.listen(path)
      process.umask(mask)
      server.unref()
      return new LiveServer(server, path)
    } catch {
      return undefined
    }
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#watchers) socket.destroySoon()
    process.off('exit', this.#remove)
    this.#remove()
  }

  readonly #remove = (): void => rmSync(this.#path, { force: true })
}
