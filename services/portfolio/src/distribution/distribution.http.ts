import {
  type AccountsDistribution,
  type PortfolioDistribution,
  type PortfolioDistributionRequest,
  portfolioDistributionRequest,
} from '@colibri/contracts'
import { Validated } from '@colibri/service-kit'
import { Controller, Get, HttpCode, Inject, Post } from '@nestjs/common'
import { type PortfolioDeps, someOrAll, valuedAccounts } from '../state/portfolio-state.ts'
import { accountDistribution, tokenDistribution } from './distribution.ts'

export const PORTFOLIO_DEPS = Symbol('portfolio deps')

const ALL = 'all_accounts'

@Controller('portfolio')
export class DistributionHttp {
  constructor(@Inject(PORTFOLIO_DEPS) private readonly deps: PortfolioDeps) {}

  @Post('distribution')
  @HttpCode(200)
  async tokens(
    @Validated('body', portfolioDistributionRequest) request: PortfolioDistributionRequest,
  ): Promise<PortfolioDistribution> {
    return tokenDistribution(await this.held(request), someOrAll(request.account_names)?.join(', ') ?? ALL)
  }

  @Get('distribution')
  tokensByQuery(
    @Validated('query', portfolioDistributionRequest) request: PortfolioDistributionRequest,
  ): Promise<PortfolioDistribution> {
    return this.tokens(request)
  }

  @Post('accounts-distribution')
  @HttpCode(200)
  async accounts(
    @Validated('body', portfolioDistributionRequest) request: PortfolioDistributionRequest,
  ): Promise<AccountsDistribution> {
    const asked = someOrAll(request.account_names)
    const [names, held] = await Promise.all([this.deps.accountNames(), this.held(request)])
    return accountDistribution(
      names.filter((name) => asked === null || asked.includes(name)),
      held,
    )
  }

  @Get('accounts-distribution')
  allAccounts(): Promise<AccountsDistribution> {
    return this.accounts(portfolioDistributionRequest.parse({}))
  }

  private held(request: PortfolioDistributionRequest) {
    return valuedAccounts(this.deps, {
      accountNames: someOrAll(request.account_names),
      connectorNames: someOrAll(request.connector_names),
      refresh: false,
    })
  }
}
