/**
 * Where the published log lives: files by path, below one place. A folder (tile-folder.ts), or memory for a
 * gateway that forgets. Errors say which path could not be used.
 */
export type TileStore = {
  /** Whole or not at all, durable when it resolves. Replaces what was there. */
  readonly put: (path: string, bytes: Uint8Array) => Promise<void>
  /** Undefined when there is no such file. */
  readonly get: (path: string) => Promise<Uint8Array | undefined>
  /** Names of the files and folders directly in `folder`; empty when it is not there. */
  readonly list: (folder: string) => Promise<readonly string[]>
  /** Fine when it is not there. */
  readonly delete: (path: string) => Promise<void>
  /** Removes a folder and the files directly in it. Fine when it is not there. */
  readonly deleteFolder: (folder: string) => Promise<void>
}

/** For a gateway whose home is memory. */
export function openTileMemory(): TileStore {
  const files = new Map<string, Uint8Array>()
  return {
    put: async (path, bytes) => {
      files.set(path, bytes.slice())
    },
    get: async (path) => files.get(path),
    list: async (folder) => {
      const below = [...files.keys()].filter((path) => path.startsWith(`${folder}/`))
      return [
        ...new Set(
          below.map((path) =>
            path
              .slice(folder.length + 1)
              .split('/', 1)
              .join(),
          ),
        ),
      ]
    },
    delete: async (path) => {
      files.delete(path)
    },
    deleteFolder: async (folder) => {
      for (const path of files.keys()) if (path.startsWith(`${folder}/`)) files.delete(path)
    },
  }
}

/** One file of the published log, by its path below the log folder. */
export type LogFile = { readonly path: string; readonly bytes: Uint8Array }
