/** Two for each item of a take, as a rule. */
const TAKE = 512

/** Whole numbers of 32 bits, one after another, in memory that is used again. */
export class Words {
  /** The first `length` of them count. */
  list: Int32Array
  length = 0

  constructor(room = TAKE) {
    this.list = new Int32Array(room)
  }

  pair(first: number, second: number): void {
    this.reserve(2)
    this.list[this.length++] = first
    this.list[this.length++] = second
  }

  /** Room for so many more; `list` may be another one afterwards. */
  reserve(more: number): void {
    if (this.length + more <= this.list.length) return
    const list = new Int32Array(Math.max(this.length + more, 2 * this.list.length))
    list.set(this.list)
    this.list = list
  }
}
