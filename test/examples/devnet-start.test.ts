/**
 * How long the built devnet takes from nothing: a process of its own, so that neither modules nor machine code are warm. In
 * processor time, background compilation included, because what else this machine does is not ours.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)
const devnet = new URL('../../dist/devnet.js', import.meta.url).href

/** Processor milliseconds of loading the devnet, and of starting it. */
async function coldStart(options: string): Promise<{ loadMs: number; startMs: number }> {
  const script = `
    const ms = ({ user, system }) => (user + system) / 1000
    const atStart = process.cpuUsage()
    const { startDevnet } = await import(${JSON.stringify(devnet)})
    const loadMs = ms(process.cpuUsage(atStart))
    const atLoaded = process.cpuUsage()
    const devnet = await startDevnet(${options})
    const startMs = ms(process.cpuUsage(atLoaded))
    await devnet.close()
    console.log(JSON.stringify({ loadMs, startMs }))`
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: root })
  return JSON.parse(stdout) as { loadMs: number; startMs: number }
}

describe('a devnet from nothing', () => {
  it('with a chain is ready within 3 s, loading included', async () => {
    const { loadMs, startMs } = await coldStart('{ chain: true }')
    console.log(`devnet with chain, cold: ${Math.round(loadMs)} + ${Math.round(startMs)} ms of processor time`)
    expect(loadMs + startMs).toBeLessThan(3000)
  })

  it('without a chain is ready within 300 ms', async () => {
    const { loadMs, startMs } = await coldStart('{}')
    console.log(`devnet, cold: ${Math.round(loadMs)} + ${Math.round(startMs)} ms of processor time`)
    expect(startMs).toBeLessThan(300)
  })

  it('a second chain of the same process shares the virtual machine', async () => {
    const script = '{ chain: true }).then((first) => first.close()).then(() => startDevnet({ chain: true })'
    const { startMs: both } = await coldStart(script)
    const { startMs: first } = await coldStart('{ chain: true }')
    expect(both).toBeLessThan(1.7 * first)
  })
})
