import type { ToChild } from '../protocol.js'
import { Strands } from '../runtime/strands.js'
import { control, type Lines } from './control.js'

/** Answers what is said to a child, and, where several links share it, for each of them as a child of its own would. */
export function members(lines: Lines): (message: ToChild) => void {
  const alone = control(lines)
  const known = new Map<number, (message: ToChild) => void>()
  let strands: Strands | undefined
  const admit = (member: number, strands: Strands): ((message: ToChild) => void) => {
    const answer: Lines['answer'] = message => lines.answer({ queuelink: 'member', member, message })
    const hear = control({
      data: () => strands.open(member),
      answer,
      beforeSteps: lines.beforeSteps,
      left: () => {
        known.set(member, () => {})
        answer({ queuelink: 'left' })
      },
    })
    known.set(member, hear)
    return hear
  }
  return message => {
    if (message?.queuelink !== 'member') return alone(message)
    strands ??= new Strands(lines.data())
    const hear = known.get(message.member) ?? admit(message.member, strands)
    hear(message.message)
  }
}
