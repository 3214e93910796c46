// The first frame that a client sends, read before anything is decoded:
//   ┌ 4 bytes ┬ 1 byte  ┬ 16 bytes ┬ the rest ┐
//   │ "QLNK"  │ version │ client   │ token    │
//   └─────────┴─────────┴──────────┴──────────┘

const MAGIC = Buffer.from('QLNK')
const CLIENT = 5
const TOKEN = CLIENT + 16

export const VERSION = 1
/** Bytes of a hello, at most. */
export const HELLO_LIMIT = 1024
export const TOKEN_LIMIT: number = HELLO_LIMIT - TOKEN

export interface Hello {
  readonly version: number
  /** Sixteen bytes, in hexadecimal. */
  readonly client: string
  readonly token: Buffer
}

export function packHello(client: string, token: string): Buffer {
  return Buffer.concat([MAGIC, Buffer.of(VERSION), Buffer.from(client, 'hex'), Buffer.from(token)])
}

/** Undefined for what is no hello. */
export function readHello(frame: Buffer): Hello | undefined {
  if (frame.length < TOKEN || !frame.subarray(0, MAGIC.length).equals(MAGIC)) return undefined
  return {
    version: frame[MAGIC.length] as number,
    client: frame.toString('hex', CLIENT, TOKEN),
    token: frame.subarray(TOKEN),
  }
}
