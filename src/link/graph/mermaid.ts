import type { Picture, Shape } from './picture.js'

/** The brackets in which Mermaid draws each kind; all others are round. */
const FORMS: Readonly<Record<string, readonly [string, string]>> = {
  file: ['[/', '/]'],
  durable: ['[(', ')]'],
  shared: ['{{', '}}'],
  hosted: ['[[', ']]'],
  link: ['[', ']'],
}

/** Beside each other, more links than these would be shown too small. */
const LONGEST_ROW = 4

/** A flow chart for Markdown and everything else that knows Mermaid. */
export function mermaid({ title, queues, links, arrows }: Picture): string {
  const node = ({ id, kind, lines }: Shape): string => {
    const [open, close] = FORMS[kind] ?? ['([', '])']
    return `  ${id}${open}"${lines.map(escaped).join('<br/>')}"${close}`
  }
  return [
    '---',
    `title: ${JSON.stringify(title)}`,
    '---',
    `flowchart ${links.length > LONGEST_ROW ? 'TB' : 'LR'}`,
    ...[...queues, ...links].map(node),
    ...arrows.map(([from, to]) => `  ${from} --> ${to}`),
    '  classDef link fill:#eef4ff,stroke:#4a6fa5',
    `  class ${links.map(({ id }) => id).join(',')} link`,
    '',
  ].join('\n')
}

function escaped(text: string): string {
  return text.replace(/[#"<>&]/g, char => `#${char.charCodeAt(0)};`).replace(/\s+/g, ' ')
}
