import process from 'node:process'
import { openQueue } from '../../queues/open-queue.js'
import { amount } from '../amounts.js'
import { columns } from '../columns.js'
import { ExitCode } from '../exit-code.js'
import { someQueue } from './queue-address.js'

/** Says how a queue stands. */
export async function stat(text: string, o: { json?: boolean }): Promise<ExitCode> {
  await using queue = await openQueue(someQueue(text))
  const found = await queue.stat()
  // This command is one of them.
  const participants = found.participants === undefined ? {} : { participants: found.participants - 1 }
  const { readers: _, wanting: __, waitingPuts: ___, ...told } = { ...found, ...participants }
  if (o.json) process.stdout.write(`${JSON.stringify(told)}\n`)
  else process.stdout.write(`${columns(Object.entries(told).map(([key, value]) => [key, shown(value)])).join('\n')}\n`)
  return ExitCode.done
}

function shown(value: unknown): string {
  if (typeof value !== 'number') return String(value)
  return Number.isInteger(value) ? amount(value) : value.toFixed(3)
}
