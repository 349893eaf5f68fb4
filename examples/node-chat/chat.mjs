/** Asks one question and prints the answer with what it cost. */
import { Cocoon } from 'cocoonkit'
import { fromDevnet, startDevnet } from 'cocoonkit/devnet'

const devnet = await startDevnet()
const cocoon = new Cocoon(fromDevnet(devnet))

try {
  const { data, costNano, attestationId } = await cocoon.chat.completions
    .create({ model: 'devnet/echo', messages: [{ role: 'user', content: 'Hello, cocoon!' }], max_tokens: 200 })
    .withResponse()

  console.log(data.choices[0].message.content)
  console.log(`cost: ${costNano} nanoTON, attestation report: ${attestationId}`)
} finally {
  await cocoon.close()
  await devnet.close()
}
