import { attemptContract } from './contract/attempts.js'
import { closingContract } from './contract/closing.js'
import { deliveryContract } from './contract/deliveries.js'
import { endingContract } from './contract/ending.js'
import { faceContract } from './contract/faces.js'
import { failureContract } from './contract/failure.js'
import { inputContract } from './contract/input.js'
import { joiningContract } from './contract/joining.js'
import { type Kit, kitOf, type QueueContract } from './contract/kit.js'
import { leaseContract } from './contract/leases.js'
import { orderContract } from './contract/order.js'
import { overflowContract } from './contract/overflow.js'
import { receiptContract } from './contract/receipts.js'
import { schemaContract } from './contract/schema.js'
import { sizeContract } from './contract/size.js'
import { waitingContract } from './contract/waiting.js'

const THEMES: Record<string, (kit: Kit) => void> = {
  order: orderContract,
  receipts: receiptContract,
  deliveries: deliveryContract,
  leases: leaseContract,
  failure: failureContract,
  attempts: attemptContract,
  overflow: overflowContract,
  ending: endingContract,
  closing: closingContract,
  size: sizeContract,
  waiting: waitingContract,
  joining: joiningContract,
  'bad input': inputContract,
  schema: schemaContract,
  faces: faceContract,
}

/**
 * What docs/semantics.md asks of every kind of queue, as tests. They need no framework of their own: hand over the
 * `describe`, `it` and `expect` of yours. For authors of stores.
 *
 * @example
 * ```ts
 * import { fifoQueue } from 'queuelink'
 * import { queueContract } from 'queuelink/testing'
 * import { describe, expect, it } from 'vitest'
 *
 * const capabilities = { sync: true, joinable: false, order: 'fifo', process: 'own' } as const
 * queueContract({ make: fifoQueue, capabilities, describe, it, expect })
 * ```
 */
export function queueContract(contract: QueueContract): void {
  const kit = kitOf(contract)
  for (const [theme, run] of Object.entries(THEMES)) contract.describe(theme, () => run(kit))
}
