import type { ServiceKit } from '@colibri/service-kit'
import type { SecretBox } from '../accounts/key-file.ts'
import type { TradingConfig } from '../config.ts'
import { addressRule } from './addresses.ts'
import { runWebhooks } from './run-webhooks.ts'
import { bodies } from './webhook-body.ts'
import { openWebhookStore } from './webhook-store.ts'
import { type WebhookUseCases, webhookUseCases } from './webhooks.ts'

/** Webhooks put together: what REST asks of them, and what delivers them until the service stops. */
export const openWebhooks = async (kit: ServiceKit<TradingConfig>, box: SecretBox): Promise<WebhookUseCases> => {
  const { config, log, pool, logger, metrics, background } = kit
  const now = Date.now
  const timeoutMs = config.WEBHOOK_TIMEOUT_SECONDS * 1000
  const isAllowed = addressRule(config.WEBHOOK_ALLOW_NETWORKS)
  const store = await openWebhookStore(pool, box, now)
  const running = runWebhooks({
    log,
    pool,
    store,
    metrics,
    background,
    isAllowed,
    bodyOf: bodies(log),
    timeoutMs,
    pauseAfterMs: config.WEBHOOK_PAUSE_AFTER_SECONDS * 1000,
    now,
    report: (error, what) => logger.warn({ err: error }, what),
  })
  kit.onShutdown(running.stop)
  return webhookUseCases({
    store,
    log,
    timeoutMs,
    isAllowed,
    changed: running.changed,
    actor: () => kit.context().actor,
    now,
  })
}
