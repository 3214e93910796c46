import type { Frame, Picture, Shape } from './picture.js'

export interface Point {
  readonly x: number
  readonly y: number
}

/** A shape in its place; `x` and `y` are its middle. */
export interface Placed extends Point {
  readonly shape: Shape
  readonly width: number
  readonly height: number
}

/** A frame round links, and its middle. */
export interface PlacedFrame extends Point {
  readonly frame: Frame
  readonly width: number
  readonly height: number
}

export interface Layout {
  readonly width: number
  readonly height: number
  readonly shapes: readonly Placed[]
  readonly frames: readonly PlacedFrame[]
  /** Each line as the points that it passes. */
  readonly lines: readonly (readonly Point[])[]
}

export const LINE_HEIGHT = 17
/** The widest that a letter usually is, in pixels, of the drawing's type. */
const LETTER = 7.2
const PADDING = 14

/** Wider than so many times its height, a picture is scaled down, where it is shown, until nobody can read it. */
const WIDEST = 4

/** Finds places in the order of the flow: from left to right, or, where that would be too wide, downwards. */
export async function layOut(picture: Picture): Promise<Layout> {
  // Loaded when something is drawn.
  const dagre = await import('@dagrejs/dagre')
  const wide = placed(picture, dagre, { rankdir: 'LR', nodesep: 28, ranksep: 44 })
  if (wide.width <= WIDEST * wide.height) return wide
  return placed(picture, dagre, { rankdir: 'TB', nodesep: 36, ranksep: 30 })
}

function placed(
  { queues, links, frames, arrows }: Picture,
  { Graph, layout }: Pick<typeof import('@dagrejs/dagre'), 'Graph' | 'layout'>,
  how: { rankdir: 'LR' | 'TB'; nodesep: number; ranksep: number },
): Layout {
  const sheet = new Graph({ compound: frames.length > 0 })
  sheet.setGraph({ ...how, marginx: 20, marginy: 20 })
  sheet.setDefaultEdgeLabel(() => ({}))
  const shapes = [...queues, ...links]
  for (const { id, lines } of shapes) {
    const longest = Math.max(...lines.map(line => line.length))
    sheet.setNode(id, { width: longest * LETTER + 2 * PADDING, height: lines.length * LINE_HEIGHT + PADDING })
  }
  for (const { id, links } of frames) {
    sheet.setNode(id, {})
    for (const link of links) sheet.setParent(link, id)
  }
  for (const [from, to] of arrows) sheet.setEdge(from, to)
  layout(sheet)
  const placeOf = (id: string): Point & { width: number; height: number } => sheet.node(id) as never
  const { width = 0, height = 0 } = sheet.graph()
  return {
    width,
    height,
    shapes: shapes.map(shape => ({ shape, ...placeOf(shape.id) })),
    frames: frames.map(frame => ({ frame, ...placeOf(frame.id) })),
    lines: arrows.map(([from, to]) => sheet.edge(from, to).points as Point[]),
  }
}
