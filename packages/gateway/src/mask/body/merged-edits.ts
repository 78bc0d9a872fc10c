import { empty } from '../detect/finding.ts'

/** `bytes[start, end)` of the cell become `text`, which is written as the cell's escapes want. */
export type Edit = { readonly start: number; readonly end: number; readonly text: Uint8Array }

/** Makes edits ascend. Of those that overlap, found in two readings of one text, the union becomes the first's mark. */
export function mergeEdits(edits: Edit[]): void {
  if (areApart(edits)) return
  const sorted = edits.toSorted((a, b) => a.start - b.start || b.end - a.end)
  empty(edits)
  for (const edit of sorted) {
    const last = edits.at(-1)
    if (last === undefined || edit.start >= last.end) edits.push(edit)
    else if (edit.end > last.end) edits[edits.length - 1] = { ...last, end: edit.end }
  }
}

/** They ascend already, and none touches what another changes. */
function areApart(edits: readonly Edit[]): boolean {
  let end = -1
  for (let at = 0; at < edits.length; at += 1) {
    const edit = edits[at]
    if (edit === undefined || edit.start < end || edit.end <= edit.start) return false
    end = edit.end
  }
  return true
}
