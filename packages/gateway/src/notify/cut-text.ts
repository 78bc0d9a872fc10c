/**
 * The beginning of a text, at most `charsMax` UTF-16 units and no half of a character, and whether it is all
 * of it.
 */
export function cutText(
  text: string,
  charsMax: number,
): { readonly text: string; readonly whole: boolean } {
  if (text.length <= charsMax) return { text, whole: true }
  return {
    text: `${text
      .slice(0, Math.max(0, charsMax - 1))
      .toWellFormed()
      .replace(/\uFFFD$/, '')}…`,
    whole: false,
  }
}
