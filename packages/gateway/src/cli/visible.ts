/**
 * Text from elsewhere, safe to show in a terminal: every character that would move the cursor, change
 * colours, be invisible or reorder its neighbours is written out (`\u{202e}`), so that data cannot
 * paint the screen. One line: line feeds and tabs are written out too.
 */
export function visible(text: string): string {
  return text.replace(unseen, writtenOut)
}

/** The same for text of several lines: line feeds and tabs stay. */
export function visibleLines(text: string): string {
  return text.replace(unseen, (found) =>
    found === '\n' || found === '\t' ? found : writtenOut(found),
  )
}

/** JSON text of the same value in which nothing is invisible: such characters become `\u` escapes. */
export function visibleJson(value: unknown, indent: number): string {
  return (JSON.stringify(value, null, indent) ?? 'null').replace(unseenInJson, (found) =>
    Array.from({ length: found.length }, (_, at) => codeUnit(found, at)).join(''),
  )
}

function writtenOut(found: string): string {
  return `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`
}

function codeUnit(text: string, at: number): string {
  return `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`
}

/** Controls, formats, lone surrogates, unassigned, separators and blanks other than a space. */
const unseen = /(?! )(?:\p{C}|\p{Z}|\p{Default_Ignorable_Code_Point}|\u{2800})/gu
/** JSON's own line feeds of indentation stay; those inside strings are escaped already. */
const unseenInJson = /(?![ \n])(?:\p{C}|\p{Z}|\p{Default_Ignorable_Code_Point}|\u{2800})/gu

/** Columns a text takes in a terminal: wide characters two, combining marks none. */
export function columnsOf(text: string): number {
  let columns = 0
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue
    columns += wide.test(character) ? 2 : 1
  }
  return columns
}

const wide =
  /[\u{1100}-\u{115f}\u{2e80}-\u{a4cf}\u{ac00}-\u{d7a3}\u{f900}-\u{faff}\u{fe30}-\u{fe6f}\u{ff00}-\u{ff60}\u{ffe0}-\u{ffe6}\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u

/** At most so many columns; what was cut is shown as an ellipsis. */
export function fitTo(text: string, columnsMax: number): string {
  if (columnsOf(text) <= columnsMax) return text
  let kept = ''
  let columns = 0
  for (const character of text) {
    columns += columnsOf(character)
    if (columns > columnsMax - 1) break
    kept += character
  }
  return `${kept}…`
}
