import { resolve } from 'node:path'
import { optionError } from '../../errors/option-error.js'
import { checkSocketPath } from '../../os/unix-socket.js'

/** Where a queue is hosted. */
export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

/** A Unix socket (`unix:PATH`, or its path), or `tcp:PORT` and `tcp:HOST:PORT`; without a host, this machine alone. */
export type AddressLike = string | { readonly path: string } | { readonly host?: string; readonly port: number }

const LOOPBACK = '127.0.0.1'

export function parseAddress(address: AddressLike): Address {
  if (typeof address === 'string') return fromText(address)
  if (typeof address !== 'object' || address === null) throw unknown(address)
  if ('path' in address && typeof address.path === 'string') return unix(address.path)
  if ('port' in address) return tcp(address.host ?? LOOPBACK, address.port, address.port)
  throw unknown(JSON.stringify(address))
}

/** As `parseAddress` reads it, in any process of the machine. */
export function formatAddress(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `tcp:${host}:${address.port}`
}

function fromText(text: string): Address {
  if (!text.startsWith('tcp:')) return unix(text.startsWith('unix:') ? text.slice(5) : text)
  const [, host, port] = /^tcp:(?:(\[.*\]|[^:]*):)?(\d+)$/.exec(text) ?? []
  return tcp(host?.replace(/^\[|\]$/g, '') || LOOPBACK, Number(port), text)
}

function unix(path: string): Address {
  if (path === '' || path.includes('\0')) throw unknown(path)
  const whole = resolve(path)
  checkSocketPath(whole)
  return { kind: 'unix', path: whole }
}

function tcp(host: string, port: number, came: unknown): Address {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw unknown(came)
  return { kind: 'tcp', host, port }
}

function unknown(came: unknown): Error {
  return optionError('address', 'unix:PATH, a path, tcp:PORT or tcp:HOST:PORT', came)
}
