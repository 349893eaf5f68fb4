/**
 * The life of a payment channel on the devnet's chain, and where every nano went.
 *
 * Takes the library as arguments, so that a test can run it on the sources; channel-lifecycle.mjs passes the package.
 */
const TON = 1_000_000_000n
const text = (nano) =>
  `${nano < 0n ? '-' : ''}${(nano < 0n ? -nano : nano) / TON}.${((nano < 0n ? -nano : nano) % TON).toString().padStart(9, '0')}`

/**
 * @param library - `{ Cocoon, fromDevnet, startDevnet, ...cocoonkit/ton }`
 * @param options - `{ requests = 100, log = console.log, codes }`; `codes` is code for the devnet's contracts instead of its
 *   own, e.g. {@link mainnetCodes}.
 */
export async function runLifecycle(library, { requests = 100, log = console.log, codes } = {}) {
  const { Cocoon, fromDevnet, startDevnet, testnet, openRegistry, openLedger, memoryLedgerStore } = library
  const { walletSigner, findChannel, createAccount, auditReceipt, decodeReceipt } = library
  const clock = {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimer: (run, delayMs) => {
      const timer = setTimeout(() => run(), delayMs)
      return () => clearTimeout(timer)
    }
  }
  const random = { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) }

  const devnet = await startDevnet({ chain: { openAccounts: false, codes }, databaseFlushMs: 1 })
  const { chain } = devnet
  let cocoon
  try {
    // An empty wallet, and a faucet.
    const owner = await chain.createWallet({ amountNano: 0n })
    const faucetNano = 40n * TON
    await chain.faucet(owner.address, faucetNano)
    const signer = walletSigner({ wallet: owner.wallet, sign: owner.sign, reader: chain.reader, sender: chain.sender })

    // Every coin that moves is written down here first, and never more than this.
    const ledger = await openLedger({ store: memoryLedgerStore(), clock, limits: { totalNano: 60n * TON } })
    const network = testnet(chain.rootAddress)
    const registry = openRegistry({ network, reader: chain.reader, clock })
    const parties = {
      owner: owner.address,
      proxyOwner: chain.proxies[0].owner,
      proxyPublicKey: devnet.proxyPublicKeys[0]
    }
    const channel = await findChannel(parties, { registry, reader: chain.reader, ledger, signer, clock, random })
    const contract = channel.identity.contract
    const proxy = channel.identity.proxy
    const parts = [owner.address, contract, proxy, chain.proxies[0].owner]
    const before = {
      proxy: await balance(proxy),
      proxyWallet: await balance(chain.proxies[0].owner),
      fees: await feesOf(chain, parts)
    }
    const steps = []

    async function balance(address) {
      return (await chain.reader.getAccount(address)).balanceNano
    }
    async function perform(plan, acknowledge = []) {
      // The caller's own numbers: the plan proposes the least, we send it and cap it.
      await channel.send(plan, { valueNano: plan.minimumValueNano, capNano: 20n * TON, acknowledge })
      await chain.idle()
      const outcomes = await channel.track()
      if (outcomes.some(({ result }) => result !== 'done'))
        throw new Error(`${plan.action.kind}: ${JSON.stringify(outcomes)}`)
      const { client, phase } = await channel.view()
      steps.push([
        plan.action.kind,
        phase,
        client?.balanceNano ?? 0n,
        client?.stakeNano ?? 0n,
        client?.tokensUsed ?? 0n,
        await balance(owner.address)
      ])
      log(
        `${plan.action.kind.padEnd(15)} ${phase.padEnd(8)} balance ${text(client?.balanceNano ?? 0n)}  stake ${text(client?.stakeNano ?? 0n)}  wallet ${text(await balance(owner.address))}`
      )
    }

    const account = createAccount(owner.address, random)
    // The devnet's own contracts are rightly unknown to the library, and that risk is accepted by name; the code of the main
    // network is known, so there is no such risk, and nothing is accepted.
    const risks = codes === undefined ? ['unknown-contract-code'] : []
    await perform(await channel.open({ depositNano: 16n * TON, secret: account.secret }), risks)

    cocoon = new Cocoon({
      network,
      chain: chain.reader,
      account: { owner: owner.address, secret: account.secret },
      attestation: fromDevnet(devnet).attestation,
      payments: { ledger, exclusive: true, overcharge: 'stop', limits: { perRequestNano: TON / 100n } }
    })
    let spentNano = 0n
    for (let asked = 0; asked < requests; asked++) {
      const body = { model: 'devnet/echo', messages: [{ role: 'user', content: `question ${asked}` }], max_tokens: 64 }
      const { requestId } = await cocoon.chat.completions.create(body).withResponse()
      spentNano += (await cocoon.receipt(requestId)).amountNano
    }
    // An independent look at what is stored: the same arithmetic on the stored bytes.
    const audits = ledger.receipts().map(({ receipt }) => auditReceipt(decodeReceipt(receipt)))
    const differences = audits.filter(({ findings, altered }) => altered || findings.length > 0).length
    log(`${'audit'.padEnd(15)} ${audits.length} receipts, ${differences} differences, ${text(spentNano)} TON`)

    // The proxy signs what it committed on chain; then anybody may submit it.
    devnet.commit()
    await chain.idle()
    await cocoon.refreshPayments()
    await cocoon.close()
    await perform(await channel.charge())
    const { client } = await channel.view()
    const chargedNano = 16n * TON - client.balanceNano

    await perform(await channel.increaseStake({ newStakeNano: (155n * TON) / 10n }), ['stake-locks-balance'])
    await perform(await channel.withdraw())
    await perform(await channel.close(), ['close-burns-address'])
    await chain.idle()
    const end = await channel.view()
    log(
      `${'granted'.padEnd(15)} ${end.phase.padEnd(8)} balance ${text(end.client.balanceNano)}  wallet ${text(await balance(owner.address))}`
    )

    // Where everything went. Fees are read from the transactions, not taken as what is left over.
    const fees = await feesOf(chain, parts)
    const rows = [
      ['wallet', await balance(owner.address)],
      ['client contract', await balance(contract)],
      ['proxy contract, charges included', (await balance(proxy)) - before.proxy],
      ["proxy's wallet", (await balance(chain.proxies[0].owner)) - before.proxyWallet],
      ['fees of all transactions', fees - before.fees]
    ]
    return { faucetNano, rows, spentNano, chargedNano, differences, receipts: audits.length, steps, phase: end.phase }
  } finally {
    await cocoon?.close()
    await devnet.close()
  }
}

/**
 * The code that the main network's contracts run, from the facts beside this repository. It is nobody's to publish here.
 *
 * @param text - Text of `vectors/payments.json`.
 */
export function mainnetCodes(text) {
  const { mainnet, wallet } = JSON.parse(text).codes
  const bytes = ({ boc }) => new Uint8Array(Buffer.from(boc, 'base64'))
  return {
    proxy: bytes(mainnet.proxy),
    worker: bytes(mainnet.worker),
    client: bytes(mainnet.client),
    wallet: bytes(wallet)
  }
}

/** Fees of all transactions of these accounts: what validators took, and what messages paid for their way. */
async function feesOf(chain, addresses) {
  let sum = 0n
  for (const address of addresses) {
    const response = await fetch(`${chain.url}/api/v3/transactions?account=${encodeURIComponent(address)}&limit=100`)
    for (const transaction of (await response.json()).transactions) {
      sum += BigInt(transaction.total_fees)
      for (const message of transaction.out_msgs) sum += BigInt(message.fwd_fee ?? 0)
    }
  }
  return sum
}

/** The table of the end, as text. */
export function lifecycleTable({ faucetNano, rows, spentNano, chargedNano }) {
  const sum = rows.reduce((total, [, nano]) => total + nano, 0n)
  const line = (label, nano) => `${label.padEnd(36)}${text(nano).padStart(16)}`
  return [
    ...rows.map(([label, nano]) => line(label, nano)),
    line('sum', sum),
    line('faucet', faucetNano),
    line('unaccounted', faucetNano - sum),
    '',
    line('receipts', spentNano),
    line('charged on chain', chargedNano)
  ].join('\n')
}
