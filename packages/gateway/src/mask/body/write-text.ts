import type { Escapes } from './fold.ts'

/** A text as it is written where its reader undoes these escapes. */
export function escapeText(text: string, escapes: Escapes): string {
  switch (escapes) {
    case 'json':
      return JSON.stringify(text).slice(1, -1)
    case 'url':
    case 'form':
      return encodeURIComponent(text.toWellFormed())
    case 'markup':
      return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
    case 'table':
      // Inside a cell that may or may not be quoted, nothing that ends one is safe; two quotes end none.
      return text.replace(/[,;\t\r\n|]/g, ' ').replaceAll('"', '""')
    case 'none':
      return text
  }
}
