// Packs @sallyport/evidence for publication: Node strips no types inside node_modules, so what is
// published is JavaScript with its declarations. Usage: node scripts/pack-evidence.mjs <empty folder>
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = join(root, 'packages/evidence')
const [target] = process.argv.slice(2)
if (target === undefined) {
  process.stderr.write('usage: node scripts/pack-evidence.mjs <empty folder>\n')
  process.exit(2)
}

const folder = join(target, 'package')
mkdirSync(folder, { recursive: true })
run(
  join(root, 'node_modules/.bin/tsc'),
  ['-p', join(source, 'tsconfig.build.json'), '--outDir', join(folder, 'dist')],
  root,
)
cpSync(join(source, 'bin'), join(folder, 'bin'), { recursive: true })
copyFileSync(join(source, 'README.md'), join(folder, 'README.md'))
copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(published(), null, 2)}\n`)
run('npm', ['pack', '--silent', '--pack-destination', target], folder)

/** What the workspace says of itself, with the compiled files in place of the sources. */
function published() {
  const {
    devDependencies: _tests,
    scripts: _refusal,
    exports: doors,
    ...rest
  } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'))
  const compiled = Object.entries(doors).map(([name, path]) => {
    const file = path.replace('./src/', './dist/').replace(/\.ts$/, '')
    return [name, { types: `${file}.d.ts`, default: `${file}.js` }]
  })
  return { ...rest, files: ['bin', 'dist'], exports: Object.fromEntries(compiled) }
}

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, {
    cwd,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}
