import { fifoQueue } from 'queuelink'
import { batch, each, settle } from 'queuelink/operators'
import { runMarbles } from 'queuelink/testing'
import { map, take, tap, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'

const x = ['a', 'b']
const y = ['c', 'd']
const z = ['e']

describe('batch', () => {
  it('waits with a source that never emits', () => {
    runMarbles(({ coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('-')
      const subs = '                 ^'
      const expected = '             -'
      expectObservable(source.pipe(batch({ count: 2, time: 3 }), settle())).toBe(expected)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  it('completes with an empty source, without an empty batch', () => {
    runMarbles(({ coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('--|')
      const subs = '                 ^-!'
      const expected = '             --|'
      expectObservable(source.pipe(batch({ count: 2 }), settle())).toBe(expected)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  it('emits one delivery as a batch of one when the source completes', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-e--|')
      const expected = '             ----(z|)'
      const acks = '                 ----e'
      expectObservable(source.pipe(batch({ count: 2 }), settle())).toBe(expected, { z })
      expectObservable(source.acks).toBe(acks)
    })
  })

  // Q4.21, Q4.22
  it('closes at `count`, and acks all when the batch is acked', () => {
    runMarbles(({ coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('-a-b-c-d-e-|')
      const subs = '                 ^----------!'
      const expected = '             ---x---y---(z|)'
      const acks = '                 ---(ab)(cd)(e)'
      expectObservable(source.pipe(batch({ count: 2 }), settle())).toBe(expected, { x, y, z })
      expectObservable(source.acks).toBe(acks)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  it('closes `time` after its first item', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-a-b------c-d--e-|   ')
      const expected = '             -----x--------y--(z|)'
      expectObservable(source.pipe(batch({ time: 4 }), settle())).toBe(expected, { x, y, z })
    })
  })

  it('counts the time of each batch from its own first item', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-a-b-e----  ')
      const expected = '             ---x-----(z|)'
      expectObservable(source.pipe(batch({ count: 2, time: 4 }), settle(), take(2))).toBe(expected, { x, z })
    })
  })

  it('closes as soon as its items come to `bytes`', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-a-b-c-d-|', { a: '12', b: '€', c: '123456', d: '1' })
      const expected = '             ---x-y---(z|)'
      const values = { x: ['12', '€'], y: ['123456'], z: ['1'] }
      expectObservable(source.pipe(batch({ bytes: 5 }), settle())).toBe(expected, values)
    })
  })

  it('passes on an error that comes before the first item', () => {
    runMarbles(({ coldDeliveries, expectObservable, expectSubscriptions }) => {
      const source = coldDeliveries('--#')
      const subs = '                 ^-!'
      const expected = '             --#'
      expectObservable(source.pipe(batch({ count: 2 }), settle())).toBe(expected)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  // Q4.20
  it('passes on an error at once, and gives back what it holds', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-a-b-c-#')
      const expected = '             ---x---#'
      const acks = '                 ---(ab) '
      const releases = '             -------c'
      expectObservable(source.pipe(batch({ count: 2 }), settle())).toBe(expected, { x })
      expectObservable(source.acks).toBe(acks)
      expectObservable(source.releases).toBe(releases)
    })
  })

  // Q4.20
  it('lets go of its source in the frame in which its subscriber leaves, and gives back what it holds', () => {
    runMarbles(({ hotDeliveries, expectObservable, expectSubscriptions }) => {
      const source = hotDeliveries('-a-b-c-d')
      const unsub = '               ------! '
      const subs = '                ^-----! '
      const expected = '            ---x--- '
      const releases = '            ------c '
      expectObservable(source.pipe(batch({ count: 2 }), settle()), unsub).toBe(expected, { x })
      expectObservable(source.releases).toBe(releases)
      expectSubscriptions(source.subscriptions).toBe(subs)
    })
  })

  it('ends when its `sizeOf` throws: that item is nacked, and what it holds goes back', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const source = coldDeliveries('-a-b-c')
      const expected = '             ---#  '
      const nacks = '                ---b  '
      const releases = '             ---a  '
      const sizeOf = (item: string) => (item === 'b' ? raise('no b') : 1)
      const batches = source.pipe(batch({ bytes: 9, sizeOf }))
      expectObservable(batches).toBe(expected, undefined, new Error('no b'))
      expectObservable(source.nacks).toBe(nacks)
      expectObservable(source.releases).toBe(releases)
    })
  })

  // Q4.22
  it('nacks all, with the reason, when the batch is nacked', () => {
    runMarbles(({ coldDeliveries, expectObservable, flush }) => {
      const source = coldDeliveries('-a-b-|')
      const expected = '             -----|'
      const nacks = '                ---(ab)'
      const fails = each(() => raise('no batch'))
      expectObservable(source.pipe(batch({ count: 2 }), fails, settle())).toBe(expected)
      expectObservable(source.nacks).toBe(nacks)
      flush()
      expect([...source.reasons.values()]).toEqual([new Error('no batch'), new Error('no batch')])
    })
  })

  it('keeps apart two streams that share one operator value', () => {
    runMarbles(({ coldDeliveries, expectObservable }) => {
      const shared = batch<string>({ count: 2, time: 9 })
      const one = coldDeliveries('                  -a-b----|')
      const two = coldDeliveries('                  --c-d-#  ')
      expectObservable(one.pipe(shared, settle())).toBe('---x----|', { x })
      expectObservable(two.pipe(shared, settle())).toBe('----y-#', { y })
    })
  })

  it('starts a new batch with what comes while it emits one', () => {
    runMarbles(({ cold, expectObservable }) => {
      const queue = fifoQueue<string>()
      cold('            -a-b----').subscribe(queue)
      const expected = '---x---z'
      const echo = tap((items: string[]) => items[0] === 'a' && queue.next('e'))
      const batches = queue.deliveries().pipe(batch({ count: 2, time: 4 }), settle(), echo)
      expectObservable(batches).toBe(expected, { x, z })
    })
  })
})

describe('batch, from a queue', () => {
  // Q4.5
  it('closes when it holds all that the window lets out', () => {
    runMarbles(({ cold, expectObservable }) => {
      const queue = fifoQueue<string>()
      cold('            -a-b-c-d-').subscribe(queue)
      const expected = '---x---y-'
      expectObservable(queue.deliveries({ prefetch: 2 }).pipe(batch({ count: 9 }), settle())).toBe(expected, { x, y })
    })
  })

  // Q4.5
  it('closes when it holds all that the queue has room for', () => {
    runMarbles(({ cold, expectObservable }) => {
      const queue = fifoQueue<string>({ capacity: 2 })
      cold('            -a-b-c-d-').subscribe(queue)
      const expected = '---x---y-'
      expectObservable(queue.deliveries().pipe(batch({ count: 9 }), settle())).toBe(expected, { x, y })
    })
  })

  // Q4.23
  it('closes when a batch waits in line for more room than there is', () => {
    runMarbles(({ cold, expectObservable }) => {
      const queue = fifoQueue<string>({ capacity: 3 })
      cold('            -a-b-').subscribe(queue)
      cold('            ---x-').subscribe(() => void queue.putBatch(['c', 'd']))
      const expected = '---x-'
      expectObservable(queue.deliveries().pipe(batch({ count: 9 }), settle())).toBe(expected, { x })
    })
  })

  // Q4.23
  it('closes when the queue is shut down', () => {
    runMarbles(({ cold, expectObservable }) => {
      const queue = fifoQueue<string>()
      cold('            -a-b-').subscribe(queue)
      cold('            -----s').subscribe(() => void queue.shutdown())
      const expected = '-----(x|)'
      expectObservable(queue.deliveries().pipe(batch({ count: 9 }), settle())).toBe(expected, { x })
    })
  })

  // Q4.6
  it('closes with an `each` in front when the last of its handlers is done', () => {
    runMarbles(({ cold, expectObservable }) => {
      const queue = fifoQueue<string>()
      cold('            -(ab)----').subscribe(queue)
      const expected = '-----x---'
      const slowly = each((item: string) => timer(2).pipe(map(() => item)))
      const batches = queue.deliveries({ prefetch: 2 }).pipe(slowly, batch({ count: 9 }), settle())
      expectObservable(batches).toBe(expected, { x })
    })
  })

  // Q4.6
  it('closes with another batch behind it', () => {
    runMarbles(({ cold, expectObservable }) => {
      const queue = fifoQueue<string>()
      cold('            -a-b-c-d-').subscribe(queue)
      const expected = '-------x-'
      const batches = queue.deliveries({ prefetch: 4 }).pipe(batch({ count: 2 }), batch({ count: 9 }), settle())
      expectObservable(batches).toBe(expected, { x: [x, y] })
    })
  })

  // Q6.1, Q6.4
  it('loses nothing when it is cut off', () => {
    runMarbles(({ cold, expectObservable }) => {
      const queue = fifoQueue<string>()
      cold('            -a-b---------').subscribe(queue)
      const crash = '   --!          '
      const next = '    -----^       '
      const expected = '-----x       '
      const batches = queue.deliveries().pipe(batch({ count: 2 }))
      const attempts = batches.pipe(map(({ attempt, value }) => [attempt, ...value]))
      expectObservable(attempts, crash).toBe('-')
      expectObservable(attempts, next).toBe(expected, { x: [1, 'a', 'b'] })
    })
  })
})

function raise(message: string): never {
  throw new Error(message)
}
