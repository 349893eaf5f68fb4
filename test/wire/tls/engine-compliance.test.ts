import { nativeTlsEngine, nodeDialer } from '../../../src/runtime/node/index.js'
import { createPureTlsEngine } from '../../../src/wire/tls/index.js'
import { describeEngineCompliance } from './engine-compliance.js'

const dial = (port: number) => nodeDialer.dial({ host: '127.0.0.1', port })

describeEngineCompliance('pure', { engine: createPureTlsEngine(), dial })
describeEngineCompliance('native', { engine: nativeTlsEngine, dial })
