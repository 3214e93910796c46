import process from 'node:process'
import { setImmediate } from 'node:timers/promises'
import { fifoQueue } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { onAbort } from '#src/util/on-abort'

describe('onAbort', () => {
  it('calls back all who follow a signal, in order, and once', () => {
    const abort = new AbortController()
    const heard: string[] = []
    const follow = (name: string): (() => void) => onAbort(abort.signal, () => void heard.push(name))
    follow('a')
    const forget = follow('b')
    follow('c')
    forget()
    forget()
    abort.abort()
    abort.signal.dispatchEvent(new Event('abort'))
    expect(heard).toEqual(['a', 'c'])
  })

  it('counts a function that is given twice as two', () => {
    const abort = new AbortController()
    let heard = 0
    const hear = (): number => heard++
    onAbort(abort.signal, hear)
    onAbort(abort.signal, hear)()
    abort.abort()
    expect(heard).toBe(1)
  })

  it('goes on with those who follow when all before them have let go', () => {
    const abort = new AbortController()
    const heard: string[] = []
    onAbort(abort.signal, () => void heard.push('a'))()
    onAbort(abort.signal, () => void heard.push('b'))
    abort.abort()
    expect(heard).toEqual(['b'])
  })

  it('warns of no leak however many wait with one signal, which ends them all', async () => {
    const abort = new AbortController()
    const warnings: unknown[] = []
    const warn = (warning: unknown): void => void warnings.push(warning)
    process.on('warning', warn)
    const queue = fifoQueue()
    const gets = Array.from({ length: 50 }, () => queue.get({ signal: abort.signal }))
    const all = Promise.allSettled(gets)
    // Node warns in the next tick.
    await setImmediate()
    process.off('warning', warn)
    abort.abort('enough')
    expect(warnings).toEqual([])
    expect(new Set((await all).map(end => end.status === 'rejected' && end.reason))).toEqual(new Set(['enough']))
  })
})
