/**
 * Which files of the whole suite share a process. To load the gateway is most of what a short file costs, so the files
 * of a folder are loaded by one process, one after the other as if they were one file; those that have to be alone are.
 */
import { globSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** More would be long by itself: the other core would wait for it at the end. */
const togetherMax = 10

/**
 * What is alone, the longest first: they kill and start processes, start a PostgreSQL as soon as they are loaded,
 * change or measure the process itself, or take so long that nothing is gained.
 */
const alone = [
  'gateway/test/mcp-conformance',
  'gateway/src/cli/running',
  'gateway/test/shared-store',
  'gateway/src/cli/mask',
  'gateway/src/store/postgres/open',
  'gateway/test/evidence-cli',
  'gateway/test/review-clock',
  'evidence/src/verify/bundle',
  'gateway/test/shared-faults',
  'gateway/test/crash',
  'gateway/test/evidence',
  'gateway/src/cli/main',
  'gateway/test/mcp-approvals',
  'gateway/test/delivery-crash',
  'gateway/test/crash-campaign',
  'gateway/test/shared-approvals',
  'gateway/test/recover',
  'gateway/test/clearances',
  'gateway/test/mcp-attacks',
  'gateway/test/shared-reviews',
  'gateway/test/notify-crash',
  'gateway/test/full-disk',
  'gateway/test/witness-crash',
  'gateway/test/witness-peer',
  'gateway/test/demo',
  'gateway/test/mcp-guide',
  'gateway/test/house',
  'gateway/src/cli/*',
  'gateway/src/store/postgres/*',
  'gateway/src/log/standby',
  'gateway/src/protocol/mcp/upstream/child-conversation',
  'evidence/campaign/*',
  'evidence/interop/*',
  'evidence/src/cli/*',
  'evidence/src/zip-memory',
  'evidence/test/*',
]

/** Writes a module for each process and returns them; Node runs them in the order of their names. */
export function writeProcesses(root, folder) {
  const find = (pattern) => {
    const files = globSync(`packages/${pattern}.test.ts`, { cwd: root }).toSorted()
    if (files.length === 0) throw new Error(`there is no test file packages/${pattern}.test.ts`)
    return files
  }
  const first = new Set(alone.flatMap(find))
  const others = find('**/*').filter((file) => !first.has(file))
  const processes = [...first].map((file) => [file])
  // What starts whole gateways first, so that little is left when the other core is through.
  for (const files of [...Map.groupBy(others, dirname).values()].toReversed()) {
    const parts = Math.ceil(files.length / togetherMax)
    // Dealt out, so that no process has all that is long: neighbours by name are often alike.
    for (let part = 0; part < parts; part++) {
      processes.push(files.filter((_, at) => at % parts === part))
    }
  }
  return processes.map((files, at) => {
    const name = `${String(at).padStart(3, '0')}-${basename(dirname(files[0]))}.test.mjs`
    const imports = files.map((file) => `import '${pathToFileURL(join(root, file))}'\n`)
    writeFileSync(join(folder, name), imports.join(''))
    return join(folder, name)
  })
}
