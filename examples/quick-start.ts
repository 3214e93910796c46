import { fifoQueue, link } from 'queuelink'
import { filter, map } from 'rxjs'

const orders = fifoQueue<number>({ capacity: 1000 })
const large = fifoQueue<string>({ capacity: 10 })

// A queue is an Observable and an Observer: this is bounded, and an order is acknowledged once `large` has stored it.
orders
  .pipe(
    filter(n => n > 2),
    map(n => `order ${n}`),
  )
  .subscribe(large)

// From there to a file and to a second queue, each item to both.
const seen = fifoQueue<string>()
const audit = link(large, ['orders.txt', seen])

await orders.putBatch([1, 2, 3, 4])
console.log(await seen.get(), '+', await seen.get()) // order 3 + order 4

const { moved } = await audit.stop()
console.log(moved, 'are in orders.txt') // 2 are in orders.txt
