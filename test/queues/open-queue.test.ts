import { fifoQueue, openQueue, type QueueLinkError } from 'queuelink'
import { describe, expect, it } from 'vitest'
import { open } from './shared/users.js'

const refusal = (descriptor: unknown): Promise<unknown> =>
  openQueue(descriptor as never).then(
    () => undefined,
    ({ code, message }: QueueLinkError) => `${code}: ${message}`,
  )

describe('openQueue', () => {
  it('refuses what is no descriptor of a queue, and names the kinds there are [Q16.1] [Q16.5]', async () => {
    for (const other of [
      undefined,
      null,
      7,
      'shared',
      {},
      { kind: 'memory' },
      { kind: 'toString' },
      { kind: ['shared'] },
    ]) {
      const said = await refusal(other)
      expect(said).toMatch(/^ERR_OPTION: descriptor .* of kind shared, durable, hosted/)
    }
  })

  it('lets each handle say what becomes of items that fail [Q8.9] [Q8.13]', async () => {
    const [one, deadLetter] = [await open<string>(), fifoQueue<string>()]
    await one.put('a')
    const same = await openQueue<string>(one.descriptor(), { maxAttempts: 1, deadLetter })
    await (await same.receive()).nack()
    expect([await deadLetter.get(), one.size]).toEqual(['a', 0])
    await same.close()
  })
})
