import {
  deliveriesQuery,
  type ResumeRequest,
  resumeRequest,
  type WebhookCreated,
  type WebhookDelivery,
  type WebhookRequest,
  type WebhookTest,
  type WebhookView,
  webhookPath,
  webhookRequest,
} from '@colibri/contracts'
import { notFound, Validated } from '@colibri/service-kit'
import { Controller, Delete, Get, HttpCode, Inject, Post, Put } from '@nestjs/common'
import type { z } from 'zod'
import type { WebhookUseCases } from './webhooks.ts'

export const WEBHOOKS = Symbol('webhooks')

type Path = z.infer<typeof webhookPath>

const found = <T>(result: T | undefined, { webhook_id: id }: Path): T => {
  if (result === undefined) throw notFound(`Webhook '${id}' not found`)
  return result
}

@Controller('webhooks')
export class WebhooksController {
  constructor(@Inject(WEBHOOKS) private readonly webhooks: WebhookUseCases) {}

  @Get()
  list(): Promise<readonly WebhookView[]> {
    return this.webhooks.list()
  }

  @Post()
  @HttpCode(201)
  add(@Validated('body', webhookRequest) body: WebhookRequest): Promise<WebhookCreated> {
    return this.webhooks.add(body)
  }

  @Get(':webhook_id')
  async get(@Validated('path', webhookPath) path: Path): Promise<WebhookView> {
    return found(await this.webhooks.get(path.webhook_id), path)
  }

  @Put(':webhook_id')
  async change(
    @Validated('path', webhookPath) path: Path,
    @Validated('body', webhookRequest) body: WebhookRequest,
  ): Promise<WebhookView> {
    return found(await this.webhooks.change(path.webhook_id, body), path)
  }

  @Delete(':webhook_id')
  async remove(@Validated('path', webhookPath) path: Path): Promise<{ message: string }> {
    found((await this.webhooks.remove(path.webhook_id)) ? true : undefined, path)
    return { message: 'Webhook deleted successfully.' }
  }

  @Post(':webhook_id/rotate-secret')
  @HttpCode(200)
  async rotate(@Validated('path', webhookPath) path: Path): Promise<WebhookCreated> {
    return found(await this.webhooks.rotate(path.webhook_id), path)
  }

  @Post(':webhook_id/pause')
  @HttpCode(200)
  async pause(@Validated('path', webhookPath) path: Path): Promise<WebhookView> {
    return found(await this.webhooks.pause(path.webhook_id), path)
  }

  @Post(':webhook_id/resume')
  @HttpCode(200)
  async resume(
    @Validated('path', webhookPath) path: Path,
    @Validated('body', resumeRequest) body: ResumeRequest,
  ): Promise<WebhookView> {
    return found(await this.webhooks.resume(path.webhook_id, body.from), path)
  }

  @Post(':webhook_id/test')
  @HttpCode(200)
  async test(@Validated('path', webhookPath) path: Path): Promise<WebhookTest> {
    return found(await this.webhooks.test(path.webhook_id), path)
  }

  @Get(':webhook_id/deliveries')
  async deliveries(
    @Validated('path', webhookPath) path: Path,
    @Validated('query', deliveriesQuery) { limit }: z.infer<typeof deliveriesQuery>,
  ): Promise<readonly WebhookDelivery[]> {
    return found(await this.webhooks.deliveries(path.webhook_id, limit), path)
  }
}
