/** Below the index `before`, exclusive; absent: from the newest. */
export type PageByIndex = { readonly before?: number; readonly limit: number }

/** Below the thing with the id `before`, exclusive; absent: from the newest. */
export type Page = { readonly before?: string; readonly limit: number }
