/** How much of a policy or an expression may hang together. */
export type Nesting = {
  /** Brackets of any kind that are open at once. */
  readonly brackets: number
  /** Operators and attribute accesses, each of which can be one level of what Cedar makes of the text. */
  readonly links: number
}

/**
 * Far more than people write, and well below what was found to overflow Cedar's stack (120 brackets, 1,000 links,
 * 500 `if`s): a text that does leaves its WebAssembly broken for whoever asks next, so it must never get there.
 */
export const policyNesting: Nesting = { brackets: 40, links: 600 }

/** What of this text is beyond these bounds; counted before Cedar sees it. */
export function tooNested(text: string, most: Nesting): keyof Nesting | undefined {
  let open = 0
  let links = 0
  for (const [token] of text.matchAll(tokens)) {
    if (/^[([{]$/.test(token)) open += 1
    else if (/^[)\]}]$/.test(token)) open -= 1
    else if (token === 'if') links += ifLinks
    else if (/^(?:[-+*!.|&=<>]+|has|like|in|is)$/.test(token)) links += 1
    if (open > most.brackets) return 'brackets'
    if (links > most.links) return 'links'
  }
  return undefined
}

/** An `if` takes more of the stack than an operator. */
const ifLinks = 4

/** As Cedar's own: a line feed or a carriage return ends a comment, and a string may span lines. */
const tokens = /\/\/[^\n\r]*|"(?:\\[\s\S]|[^"\\])*"|[A-Za-z_]\w*|[|&=<>]+|\S/g
