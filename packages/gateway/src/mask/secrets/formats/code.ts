import type { Format } from '../format.ts'

const github =
  'https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github'
const gitlab = 'https://docs.gitlab.com/security/tokens/'
const circleci = 'https://circleci.com/docs/managing-api-tokens/'
const buildkite = 'https://buildkite.com/docs/platform/security/tokens'
const sonar = 'https://docs.sonarsource.com/sonarqube-server/user-guide/managing-tokens'
const docker = 'https://docs.docker.com/security/access-tokens/'
const jfrog = 'https://jfrog.com/help/r/jfrog-platform-administration-documentation/access-tokens'
const sourcegraph = 'https://sourcegraph.com/docs/cli/how-tos/creating-an-access-token'
const postman = 'https://learning.postman.com/docs/developer/postman-api/authentication/'
const launchdarkly = 'https://launchdarkly.com/docs/home/account/api'
const harness = 'https://developer.harness.io/docs/platform/automation/api/add-and-manage-api-keys/'
const prefect = 'https://docs.prefect.io/v3/how-to-guides/cloud/manage-users/api-keys'
const settlemint =
  'https://console.settlemint.com/documentation/docs/using-platform/personal-access-tokens/'

/** Code hosts, CI, package registries and tools of developers. */
export const codeFormats: readonly Format[] = [
  { id: 'github-pat', pattern: 'ghp_<alnum:36,255>', source: github, crc: true },
  { id: 'github-oauth', pattern: 'gho_<alnum:36,255>', source: github, crc: true },
  { id: 'github-app-user', pattern: 'ghu_<alnum:36,255>', source: github, crc: true },
  { id: 'github-app-installation', pattern: 'ghs_<dotted:36,1024>', source: github },
  { id: 'github-refresh', pattern: 'ghr_<alnum:36,255>', source: github, crc: true },
  { id: 'github-fine-grained-pat', pattern: 'github_pat_<word:80,90>', source: github },
  { id: 'gitlab-pat', pattern: 'glpat-<dotted:20,300>', source: gitlab },
  { id: 'gitlab-oauth-secret', pattern: 'gloas-<url:64>', source: gitlab },
  { id: 'gitlab-deploy', pattern: 'gldt-<url:20,64>', source: gitlab },
  { id: 'gitlab-runner', pattern: 'glrt-<dotted:20,100>', source: gitlab },
  { id: 'gitlab-runner-registration', pattern: 'glrtr-<dotted:20,100>', source: gitlab },
  { id: 'gitlab-runner-registration-old', pattern: 'GR1348941<url:20>', source: gitlab },
  { id: 'gitlab-ci-job', pattern: 'glcbt-<dotted:20,1200>', source: gitlab },
  { id: 'gitlab-trigger', pattern: 'glptt-<dotted:20,64>', source: gitlab },
  { id: 'gitlab-feed', pattern: 'glft-<dotted:20,100>', source: gitlab },
  { id: 'gitlab-incoming-mail', pattern: 'glimt-<url:25>', source: gitlab },
  { id: 'gitlab-agent', pattern: 'glagent-<url:50>', source: gitlab },
  { id: 'gitlab-scim', pattern: 'glsoat-<dotted:20,64>', source: gitlab },
  { id: 'gitlab-feature-flags', pattern: 'glffct-<dotted:20,64>', source: gitlab },
  { id: 'gitlab-workspace', pattern: 'glwt-<dotted:20,64>', source: gitlab },
  {
    id: 'bitbucket-app-password',
    pattern: 'ATBB<alnum:32>',
    source: 'https://support.atlassian.com/bitbucket-cloud/docs/app-passwords/',
  },
  {
    id: 'bitbucket-access-token',
    pattern: 'ATCTT3xFfG<base64url:60,300>',
    source: 'https://support.atlassian.com/bitbucket-cloud/docs/access-tokens/',
  },
  {
    id: 'atlassian-api-token',
    pattern: 'ATATT3xFfG<base64url:60,300>',
    source:
      'https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/',
  },
  { id: 'circleci-personal', pattern: 'CCIPAT_<alnum:16,30>_<hex:40>', source: circleci },
  { id: 'circleci-project', pattern: 'CCIPRJ_<alnum:16,30>_<hex:40>', source: circleci },
  { id: 'buildkite-user', pattern: 'bkua_<alnum:40,64>', source: buildkite },
  { id: 'buildkite-agent', pattern: 'bkaa_<url:40,200>', source: buildkite },
  { id: 'buildkite-job', pattern: 'bkaj_<token:40,2000>', source: buildkite },
  {
    id: 'jenkins-api-token',
    pattern: '11<hex:32>',
    source: 'https://www.jenkins.io/blog/2018/07/02/new-api-token-system/',
    confidence: 70,
  },
  { id: 'sonarqube-user', pattern: 'squ_<hex:40>', source: sonar },
  { id: 'sonarqube-project', pattern: 'sqp_<hex:40>', source: sonar },
  { id: 'sonarqube-global', pattern: 'sqa_<hex:40>', source: sonar },
  {
    id: 'snyk-access',
    pattern: 'snyk_uat.<dotted:40,400>',
    source: 'https://docs.snyk.io/snyk-api/authentication-for-api',
  },
  {
    id: 'snyk-service-account',
    pattern: 'snyk_sat.<dotted:40,400>',
    source: 'https://docs.snyk.io/snyk-api/authentication-for-api',
  },
  {
    id: 'npm-token',
    pattern: 'npm_<alnum:36>',
    source: 'https://docs.npmjs.com/about-access-tokens/',
    crc: true,
  },
  { id: 'pypi-token', pattern: 'pypi-AgE<url:50,1000>', source: 'https://pypi.org/help/#apitoken' },
  {
    id: 'rubygems-key',
    pattern: 'rubygems_<hex:48>',
    source: 'https://guides.rubygems.org/api-key-scopes/',
  },
  {
    id: 'crates-token',
    pattern: 'cio<alnum:32>',
    source: 'https://doc.rust-lang.org/cargo/reference/publishing.html',
    mixed: true,
  },
  {
    id: 'nuget-key',
    pattern: 'oy2<lowernum:43>',
    source: 'https://learn.microsoft.com/en-us/nuget/nuget-org/scoped-api-keys',
  },
  {
    id: 'clojars-token',
    pattern: 'CLOJARS_<hex:60>',
    source: 'https://github.com/clojars/clojars-web/wiki/Deploy-Tokens',
  },
  {
    id: 'packagist-token',
    pattern: 'packagist_<word:40,100>',
    source: 'https://packagist.com/docs/composer-authentication',
  },
  { id: 'docker-pat', pattern: 'dckr_pat_<url:27>', source: docker },
  { id: 'docker-org-token', pattern: 'dckr_oat_<url:27,40>', source: docker },
  { id: 'artifactory-api-key', pattern: 'AKCp<alnum:69,73>', source: jfrog },
  { id: 'artifactory-reference-token', pattern: 'cmVmdGtu<alnum:56>', source: jfrog },
  { id: 'sourcegraph-token', pattern: 'sgp_<hex:40>', source: sourcegraph },
  { id: 'sourcegraph-instance-token', pattern: 'sgp_<hex:16>_<hex:40>', source: sourcegraph },
  { id: 'sourcegraph-local-token', pattern: 'sgp_local_<hex:40>', source: sourcegraph },
  { id: 'sourcegraph-license', pattern: 'slk_<hex:64>', source: sourcegraph },
  { id: 'postman-key', pattern: 'PMAK-<hex:24>-<hex:34>', source: postman },
  { id: 'postman-collection-key', pattern: 'PMAT-<uppernum:26>', source: postman },
  {
    id: 'readme-key',
    pattern: 'rdme_<lowernum:70>',
    source: 'https://docs.readme.com/main/docs/api-keys',
  },
  { id: 'launchdarkly-api', pattern: 'api-<uuid:36>', source: launchdarkly },
  { id: 'launchdarkly-sdk', pattern: 'sdk-<uuid:36>', source: launchdarkly },
  { id: 'launchdarkly-mobile', pattern: 'mob-<uuid:36>', source: launchdarkly },
  { id: 'harness-personal', pattern: 'pat.<url:22>.<alnum:20,24>.<alnum:20>', source: harness },
  { id: 'harness-service', pattern: 'sat.<url:22>.<alnum:20,24>.<alnum:20>', source: harness },
  { id: 'prefect-user', pattern: 'pnu_<alnum:36>', source: prefect },
  { id: 'prefect-service', pattern: 'pnb_<alnum:36>', source: prefect },
  { id: 'infracost-key', pattern: 'ico-<alnum:32>', source: 'https://www.infracost.io/docs/' },
  {
    id: 'kong-pat',
    pattern: 'kpat_<alnum:40,60>',
    source: 'https://developer.konghq.com/konnect-api/',
  },
  {
    id: 'kong-spat',
    pattern: 'spat_<alnum:40,60>',
    source: 'https://developer.konghq.com/konnect-api/',
  },
  {
    id: 'zuplo-key',
    pattern: 'zpka_<alnum:24,40>_<hex:8>',
    source: 'https://zuplo.com/docs/articles/api-key-management',
  },
  {
    id: 'apify-token',
    pattern: 'apify_api_<alnum:36>',
    source: 'https://docs.apify.com/platform/integrations/api',
  },
  {
    id: 'apify-proxy',
    pattern: 'apify_proxy_<alnum:36>',
    source: 'https://docs.apify.com/platform/proxy/usage',
  },
  {
    id: 'checkly-key',
    pattern: 'cu_<hex:32>',
    source: 'https://www.checklyhq.com/docs/accounts-and-users/creating-api-key/',
  },
  {
    id: 'stackhawk-key',
    pattern: 'hawk.<url:20>.<url:20>',
    source: 'https://docs.stackhawk.com/stackhawk-cli/',
  },
  {
    id: 'authress-key',
    pattern: 'sc_<lowernum:5,30>.<lowernum:4,6>.acc<url:8,20>.<url:30,120>',
    source:
      'https://authress.io/knowledge-base/docs/authorization/service-clients/secrets-scanning',
  },
  {
    id: 'authress-external-key',
    pattern: 'ext_<lowernum:5,30>.<lowernum:4,6>.acc<url:8,20>.<url:30,120>',
    source:
      'https://authress.io/knowledge-base/docs/authorization/service-clients/secrets-scanning',
  },
  {
    id: 'authress-auth-key',
    pattern: 'scauth_<lowernum:5,30>.<lowernum:4,6>.acc<url:8,20>.<url:30,120>',
    source:
      'https://authress.io/knowledge-base/docs/authorization/service-clients/secrets-scanning',
  },
  { id: 'settlemint-application', pattern: 'sm_aat_<alnum:16>', source: settlemint },
  { id: 'settlemint-personal', pattern: 'sm_pat_<alnum:16>', source: settlemint },
  { id: 'settlemint-service', pattern: 'sm_sat_<alnum:16>', source: settlemint },
  {
    id: 'teamcity-token',
    pattern: 'eyJ0eXAiOiAiVENWMiJ9.<url:30,60>.<url:40,60>',
    source: 'https://www.jetbrains.com/help/teamcity/configuring-your-user-profile.html',
  },
  {
    id: 'jetbrains-permanent-token',
    pattern: 'perm:<base64:8,40>.<base64:4,40>.<alnum:30,40>',
    source: 'https://www.jetbrains.com/help/youtrack/server/manage-permanent-token.html',
  },
  {
    id: 'jetbrains-permanent-token-dash',
    pattern: 'perm-<base64:8,40>.<base64:4,40>.<alnum:30,40>',
    source: 'https://www.jetbrains.com/help/youtrack/server/manage-permanent-token.html',
  },
  {
    id: 'intra42-secret',
    pattern: 's-s4t2ud-<hex:64>',
    source: 'https://api.intra.42.fr/apidoc/guides/getting_started',
  },
  {
    id: 'intra42-secret-af',
    pattern: 's-s4t2af-<hex:64>',
    source: 'https://api.intra.42.fr/apidoc/guides/getting_started',
  },
]
