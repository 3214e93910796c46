import { inspect, isDeepStrictEqual } from 'node:util'

interface Message {
  frame: number
  notification: { kind: 'N' | 'E' | 'C'; value?: unknown; error?: unknown }
}

interface SubscriptionLog {
  subscribedFrame: number
  unsubscribedFrame: number
}

/** Throws, from the line that stated the expectation, if what came is not what was expected: a table of the frames. */
export function differ(actual: unknown, expected: unknown, at = new Error()): void {
  if (isDeepStrictEqual(actual, expected)) return
  const came = byFrame(actual as (Message | SubscriptionLog)[])
  const awaited = byFrame(expected as (Message | SubscriptionLog)[])
  const frames = [...new Set([...came.keys(), ...awaited.keys()])].sort((a, b) => a - b)
  const rows = frames.map(frame => [`${frame}`, awaited.get(frame) ?? '', came.get(frame) ?? ''] as const)
  const first = rows.find(([, wanted, got]) => wanted !== got)
  const title = first ? `marbles differ from frame ${first[0]} on` : 'marbles differ in what their values hold'
  const lines = table([['frame', 'expected', 'came'], ...rows], row => row[1] !== row[2])
  const where = at.stack?.split('\n').find(line => /^\s+at /.test(line) && !line.includes('test-scheduler'))
  at.name = 'MarblesDiffer'
  at.message = [title, ...lines].join('\n')
  at.stack = `${at.name}: ${at.message}\n${where ?? ''}`
  throw at
}

/** What happens in each frame, in order, as one line. */
function byFrame(events: readonly (Message | SubscriptionLog)[]): Map<number, string> {
  const frames = new Map<number, string[]>()
  const note = (frame: number, what: string): void => {
    if (frame !== Number.POSITIVE_INFINITY) frames.set(frame, [...(frames.get(frame) ?? []), what])
  }
  for (const event of events) {
    if ('notification' in event) note(event.frame, shown(event.notification))
    else {
      note(event.subscribedFrame, '^')
      note(event.unsubscribedFrame, '!')
    }
  }
  return new Map([...frames].map(([frame, notes]) => [frame, notes.join(' ')]))
}

function shown({ kind, value, error }: Message['notification']): string {
  if (kind === 'C') return '|'
  if (kind === 'E') return `#(${error instanceof Error ? `${error.name}: ${error.message}` : inspect(error)})`
  return typeof value === 'string' ? value : inspect(value, { breakLength: Number.POSITIVE_INFINITY })
}

function table(rows: readonly (readonly string[])[], marked: (row: readonly string[]) => boolean): string[] {
  const widths = [0, 1].map(column => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows.map((row, index) => {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ')
    return `${index > 0 && marked(row) ? '>' : ' '} ${cells}`.trimEnd()
  })
}
