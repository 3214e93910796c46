import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CommonOptions, connectQueue, type HostedQueue, hostQueue, type Queue } from 'queuelink'
import { afterAll } from 'vitest'
import { countedContract } from './counted-contract.js'

export type Make = <T>(o: CommonOptions<T>) => Queue<T> | Promise<Queue<T>>

export const directory = mkdtempSync(join(tmpdir(), 'queuelink-hosted-'))
const hosts: HostedQueue<never>[] = []
let made = 0

afterAll(async () => {
  await Promise.all(hosts.map(host => host.unlink()))
  rmSync(directory, { recursive: true })
})

/** A queue that is hosted and connected to in one; what the client's handle decides is said to the client. */
export function hosting(make: Make, address: () => string) {
  return async <T>({ capacity, joinable, ...own }: CommonOptions<T>): Promise<Queue<T>> => {
    const shared = { ...(capacity === undefined ? {} : { capacity }), ...(joinable ? { joinable } : {}) }
    const host = await hostQueue(await make<T>(shared), address())
    hosts.push(host as unknown as HostedQueue<never>)
    return connectQueue<T>(host.address, { ...own, token: host.token })
  }
}

export const unix = () => join(directory, `${++made}.sock`)
export const tcp = () => 'tcp:0'

export interface Kind {
  readonly name: string
  readonly make: Make
  readonly order: 'fifo' | 'lifo' | 'priority'
  readonly address: () => string
  readonly keys?: boolean
  readonly priorities?: boolean
}

export function contractOf({ name, make, order, address, ...more }: Kind): void {
  for (const joinable of [false, true]) {
    const capabilities = { sync: false, joinable, order, process: 'any', ...more } as const
    countedContract(`hosted: ${name}, joinable: ${joinable}`, { make: hosting(make, address), capabilities })
  }
}
