/**
 * Writes one API report per public entry to etc/ (`npm run api`), or fails when a report would change (`--check`), so
 * that every change of the public surface is seen in a diff. Needs `npm run build:types`.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')
const check = process.argv.includes('--check')
const { exports } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
mkdirSync(`${root}/.cache/api`, { recursive: true })
// The extractor writes nothing, in silence, where this folder is missing.
mkdirSync(`${root}/etc`, { recursive: true })

let changed = 0
for (const [subpath, target] of Object.entries(exports)) {
  if (typeof target === 'string') continue
  const name = subpath === '.' ? 'index' : subpath.slice(2)
  const entry = `${root}/${target.types.slice(2)}`
  if (!existsSync(entry)) throw new Error(`${target.types} is missing: run npm run build:types`)
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: entry,
      compiler: { tsconfigFilePath: `${root}/tsconfig.build.json`, skipLibCheck: true },
      apiReport: {
        enabled: true,
        reportFolder: `${root}/etc`,
        reportTempFolder: `${root}/.cache/api`,
        reportFileName: `${name}.api.md`
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } }
      }
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: `${root}/package.json`
  })
  const result = Extractor.invoke(config, {
    localBuild: !check,
    showVerboseMessages: false,
    messageCallback: (message) => (message.handled = true)
  })
  if (result.apiReportChanged && check) {
    changed++
    console.error(`etc/${name}.api.md differs from the built declarations: run npm run api and review the diff`)
  } else console.log(`${name}: ${check ? 'unchanged' : 'written'}`)
}
process.exit(changed > 0 ? 1 : 0)
