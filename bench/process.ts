import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { LoadResult } from './load.ts'

/** The processes of a benchmark run: started here, told their port on the first line, stopped by id. */
export type Started = { readonly pid: number; readonly port: number; readonly stop: () => void }

const running = new Set<ChildProcess>()

export async function startScript(name: string, args: readonly string[]): Promise<Started> {
  const child = spawn(process.execPath, [join(import.meta.dirname, name), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return { ...own(child), port: Number(await firstLine(child)) }
}

/** Registers a child so that it is stopped whatever happens. */
export function own(child: ChildProcess): { readonly pid: number; readonly stop: () => void } {
  running.add(child)
  child.on('exit', () => running.delete(child))
  return { pid: child.pid ?? 0, stop: () => void child.kill('SIGTERM') }
}

export function stopAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

export async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('the child has no output to read')
  for await (const line of createInterface({ input: child.stdout })) return line
  throw new Error(`${child.spawnargs.join(' ')} ended before it said where it listens`)
}

export async function runLoad(options: object): Promise<LoadResult> {
  const args = [join(import.meta.dirname, 'load.ts'), JSON.stringify(options)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  own(child)
  return JSON.parse(await firstLine(child))
}

/** User and system time of a process with all its threads and children; 0 where there is no /proc. */
export function cpuSeconds(pid: number): number {
  return childrenOf(pid).reduce((sum, child) => sum + cpuSeconds(child), ownCpuSeconds(pid))
}

/** The same, without its children (proc(5)). */
export function ownCpuSeconds(pid: number): number {
  const stat = readProc(pid, 'stat')
  // The command name may hold spaces; the fields are counted from its closing parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100
}

export function rssMegabytes(pid: number): number {
  const own = Number(/VmRSS:\s+(\d+)/.exec(readProc(pid, 'status'))?.[1] ?? 0) / 1024
  return childrenOf(pid).reduce((sum, child) => sum + rssMegabytes(child), own)
}

function childrenOf(pid: number): number[] {
  return readProc(pid, `task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number)
}

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return ''
  }
}
