/**
 * Programs that the matrix starts, each with a bound on its time; none outlives the matrix.
 *
 * @module
 */
import { spawn } from 'node:child_process'

const OUTPUT_LIMIT = 4000

/** Runs a program to its end and returns what it printed. Rejects on failure, silence beyond the bound included. */
export function run(command, args, { cwd, timeoutMs, env = {} }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let errors = ''
    child.stdout.on('data', (data) => (output += data))
    child.stderr.on('data', (data) => (errors = (errors + data).slice(-OUTPUT_LIMIT)))
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0) return resolve(output)
      const how = signal === null ? `exit ${code}` : `${signal} after ${timeoutMs} ms`
      reject(new Error(`${how}: ${`${output.slice(-500)}${errors}`.trim() || 'no output'}`))
    })
  })
}

/** Starts a server and waits for the line in which it names its port; `close` ends it. */
export function serve(command, args, { cwd, timeoutMs, env = {} }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    const close = () => child.kill('SIGKILL')
    let output = ''
    let errors = ''
    const timer = setTimeout(() => fail(`no port after ${timeoutMs} ms`), timeoutMs)
    function fail(how) {
      clearTimeout(timer)
      close()
      reject(new Error(`${how}: ${`${output}${errors}`.trim().slice(-OUTPUT_LIMIT) || 'no output'}`))
    }
    child.stdout.on('data', (data) => {
      output = (output + data).slice(-OUTPUT_LIMIT)
      const port = /^gateway-port (\d+)$/m.exec(output)?.[1]
      if (port === undefined) return
      clearTimeout(timer)
      resolve({ port: Number(port), errors: () => errors, close })
    })
    child.stderr.on('data', (data) => (errors = (errors + data).slice(-OUTPUT_LIMIT)))
    child.on('error', reject)
    child.on('close', (code) => fail(`exit ${code}`))
  })
}
