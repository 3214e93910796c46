import { defineGraph, drawGraph, fifo, fifoQueue, file, lifo, shared, step } from 'queuelink'
import { map, of } from 'rxjs'
import { expect, it } from 'vitest'

const graph = defineGraph({
  name: 'all "kinds" & <forms>',
  queues: {
    source: of('a'),
    words: fifo<string>({ capacity: 1000 }),
    given: fifoQueue<string>({ capacity: 5 }),
    stack: lifo<string>(),
    common: shared<string>('everybody'),
    file: file<string>('/some/where/out.txt'),
    seen: { next: (_: string) => {} },
    stream: process.stdout,
  },
  links: [
    { from: 'source', to: 'words' },
    { from: 'words', to: ['given', 'stack'], each: shout, concurrency: 4 },
    { from: ['given', 'stack'], to: 'common', each: (word: string) => word, name: 'gather' },
    { from: 'common', to: ['file', 'seen', 'stream'], through: map((word: string) => word) },
  ],
})

function shout(word: string): string {
  return word.toUpperCase()
}

it('draws Mermaid text, with a form for each kind', async () => {
  expect(await drawGraph(graph, 'mermaid')).toBe(`---
title: "all \\"kinds\\" & <forms>"
---
flowchart LR
  q0(["source<br/>observable"])
  q1(["words<br/>fifo, up to 1,000"])
  q2(["given<br/>fifo, up to 5"])
  q3(["stack<br/>lifo"])
  q4{{"common<br/>shared everybody"}}
  q5[/"file<br/>file out.txt"/]
  q6(["seen<br/>observer"])
  q7(["stream<br/>stream"])
  l0["moves"]
  l1["each shout<br/>4 at a time"]
  l2["gather<br/>each function"]
  l3["through function"]
  q0 --> l0
  l0 --> q1
  q1 --> l1
  l1 --> q2
  l1 --> q3
  q2 --> l2
  q3 --> l2
  l2 --> q4
  q4 --> l3
  l3 --> q5
  l3 --> q6
  l3 --> q7
  classDef link fill:#eef4ff,stroke:#4a6fa5
  class l0,l1,l2,l3 link
`)
})

it('escapes what Mermaid and SVG would take for their own', async () => {
  const awkward = defineGraph({
    name: '<b>&"',
    queues: { 'a"]<script>#': fifo(), b: fifo() },
    links: [{ from: 'a"]<script>#', to: 'b' }],
  })
  expect(await drawGraph(awkward, 'mermaid')).toContain('q0(["a#34;]#60;script#62;#35;<br/>fifo"])')
  const drawn = await drawGraph(awkward, 'svg')
  expect(drawn).toContain('<title>&#60;b&#62;&#38;&#34;</title>')
  expect(drawn).not.toContain('<script>')
})

it('draws SVG in which no two shapes overlap, and every arrow is there', async () => {
  const drawn = await drawGraph(graph, 'svg')
  expect(drawn.match(/class="arrow"/g)).toHaveLength(12)
  for (const text of ['words', 'fifo, up to 1,000', 'each shout', '4 at a time', 'gather', 'shared everybody']) {
    expect(drawn).toContain(`>${text}</text>`)
  }
  const boxes = [
    ...drawn.matchAll(/<rect class="(?:queue|link)" x="(\S+)" y="(\S+)" width="(\S+)" height="(\S+)"/g),
  ].map(([, x, y, width, height]) => ({ x: Number(x), y: Number(y), width: Number(width), height: Number(height) }))
  expect(boxes.length).toBe(10)
  for (const a of boxes) {
    for (const b of boxes) {
      const apart = a.x + a.width < b.x || b.x + b.width < a.x || a.y + a.height < b.y || b.y + b.height < a.y
      expect(a === b || apart).toBe(true)
    }
  }
})

it('draws downwards what would be too wide beside each other', async () => {
  const names = Array.from({ length: 10 }, (_, n) => `q${n}`)
  const chain = defineGraph({
    name: 'chain',
    queues: Object.fromEntries(names.map(name => [name, fifo()])),
    links: names.slice(1).map((to, n) => ({ from: names[n] as string, to })),
  })
  const [, width, height] = / viewBox="0 0 (\d+) (\d+)"/.exec(await drawGraph(chain, 'svg')) ?? []
  expect(Number(height)).toBeGreaterThan(Number(width))
  expect(await drawGraph(chain, 'mermaid')).toContain('flowchart TB')
})

it('names where a step runs', async () => {
  const placed = defineGraph({
    name: 'placed',
    queues: { a: fifo(), b: fifo() },
    links: [{ from: 'a', to: 'b', each: step('some-package', 'work'), placement: 'process', concurrency: 2 }],
  })
  expect(await drawGraph(placed, 'mermaid')).toContain('l0["each work<br/>process, 2 at a time"]')
})

it('refuses formats that it does not know', async () => {
  await expect(drawGraph(graph, 'png' as never)).rejects.toMatchObject({ code: 'ERR_OPTION' })
})

it('[L58] frames the links of a group', async () => {
  const together = { placement: 'thread', group: 'a "pair"' } as const
  const pair = defineGraph({
    name: 'pair',
    queues: { a: fifo<string>(), b: fifo<string>(), c: fifo<string>(), d: fifo<string>() },
    links: [
      { from: 'a', to: 'b', ...together },
      { from: 'b', to: 'c', placement: 'process' },
      { from: 'c', to: 'd', ...together },
    ],
  })
  expect(await drawGraph(pair, 'mermaid')).toContain(`  l1["process"]
  subgraph g0["a #34;pair#34;, one thread"]
    l0["moves"]
    l2["moves"]
  end
`)
  const svg = await drawGraph(pair, 'svg')
  expect(svg.match(/class="frame"/g)).toHaveLength(1)
  expect(svg).toContain('a &#34;pair&#34;, one thread')
})
