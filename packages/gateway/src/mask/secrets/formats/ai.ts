import type { Format } from '../format.ts'

const openai = 'https://platform.openai.com/docs/api-reference/authentication'
const anthropic = 'https://docs.anthropic.com/en/api/admin-api/apikeys/get-api-key'
const huggingface = 'https://huggingface.co/docs/hub/security-tokens'
const langfuse = 'https://langfuse.com/faq/all/where-are-langfuse-api-keys'
const langsmith = 'https://docs.langchain.com/langsmith/create-account-api-key'
const modal = 'https://modal.com/docs/reference/modal.config'

/** Makers and hosts of models, and the tools around them. */
export const aiFormats: readonly Format[] = [
  { id: 'openai-project-key', pattern: 'sk-proj-<url:40,256>', source: openai },
  { id: 'openai-service-account', pattern: 'sk-svcacct-<url:40,256>', source: openai },
  {
    id: 'openai-admin-key',
    pattern: 'sk-admin-<url:40,256>',
    source: 'https://platform.openai.com/docs/api-reference/admin-api-keys',
  },
  { id: 'openai-key', pattern: 'sk-<alnum:20>T3BlbkFJ<alnum:20>', source: openai },
  { id: 'openai-session', pattern: 'sess-<alnum:40>', source: openai },
  { id: 'anthropic-key', pattern: 'sk-ant-api03-<url:80,120>', source: anthropic },
  { id: 'anthropic-admin-key', pattern: 'sk-ant-admin01-<url:80,120>', source: anthropic },
  { id: 'anthropic-oauth', pattern: 'sk-ant-oat01-<url:60,160>', source: anthropic },
  { id: 'anthropic-refresh', pattern: 'sk-ant-ort01-<url:60,160>', source: anthropic },
  { id: 'anthropic-session', pattern: 'sk-ant-sid01-<url:60,160>', source: anthropic },
  {
    id: 'openrouter-key',
    pattern: 'sk-or-v1-<hex:64>',
    source: 'https://openrouter.ai/docs/api-reference/authentication',
  },
  { id: 'langfuse-secret', pattern: 'sk-lf-<uuid:36>', source: langfuse },
  {
    id: 'litellm-key',
    pattern: 'sk-<url:20,28>',
    source: 'https://docs.litellm.ai/docs/proxy/virtual_keys',
    mixed: true,
    confidence: 75,
  },
  {
    id: 'model-provider-key',
    pattern: 'sk-<alnum:32,64>',
    source: 'https://api-docs.deepseek.com/',
    confidence: 90,
  },
  {
    id: 'groq-key',
    pattern: 'gsk_<alnum:40,60>',
    source: 'https://console.groq.com/docs/quickstart',
  },
  { id: 'xai-key', pattern: 'xai-<alnum:70,90>', source: 'https://docs.x.ai/docs/tutorial' },
  {
    id: 'perplexity-key',
    pattern: 'pplx-<alnum:40,60>',
    source: 'https://docs.perplexity.ai/getting-started/quickstart',
  },
  {
    id: 'together-key',
    pattern: 'tgp_v1_<url:43>',
    source: 'https://docs.together.ai/docs/quickstart',
  },
  {
    id: 'fireworks-key',
    pattern: 'fw_<alnum:22,32>',
    source: 'https://docs.fireworks.ai/getting-started/quickstart',
    mixed: true,
  },
  {
    id: 'replicate-token',
    pattern: 'r8_<alnum:37>',
    source: 'https://replicate.com/docs/topics/security/api-tokens',
  },
  { id: 'huggingface-token', pattern: 'hf_<alnum:34,40>', source: huggingface, cases: true },
  { id: 'huggingface-org-token', pattern: 'api_org_<alnum:34>', source: huggingface },
  {
    id: 'elevenlabs-key',
    pattern: 'sk_<hex:48>',
    source: 'https://elevenlabs.io/docs/api-reference/authentication',
  },
  {
    id: 'nvidia-key',
    pattern: 'nvapi-<url:60,72>',
    source: 'https://docs.nvidia.com/nim/large-language-models/latest/getting-started.html',
  },
  {
    id: 'cerebras-key',
    pattern: 'csk-<lowernum:48>',
    source: 'https://inference-docs.cerebras.ai/quickstart',
  },
  {
    id: 'voyage-key',
    pattern: 'pa-<url:43>',
    source: 'https://docs.voyageai.com/docs/api-key-and-installation',
    mixed: true,
  },
  {
    id: 'pinecone-key',
    pattern: 'pcsk_<word:50,80>',
    source: 'https://docs.pinecone.io/guides/projects/manage-api-keys',
  },
  { id: 'jina-key', pattern: 'jina_<url:40,80>', source: 'https://jina.ai/api-dashboard/' },
  {
    id: 'tavily-key',
    pattern: 'tvly-<url:30,60>',
    source: 'https://docs.tavily.com/documentation/quickstart',
  },
  {
    id: 'firecrawl-key',
    pattern: 'fc-<hex:32>',
    source: 'https://docs.firecrawl.dev/introduction',
  },
  {
    id: 'runpod-key',
    pattern: 'rpa_<alnum:40,60>',
    source: 'https://docs.runpod.io/get-started/api-keys',
  },
  { id: 'modal-token-id', pattern: 'ak-<alnum:22>', source: modal, mixed: true },
  { id: 'modal-token-secret', pattern: 'as-<alnum:22>', source: modal, mixed: true },
  { id: 'langsmith-personal', pattern: 'lsv2_pt_<hex:32>_<hex:10>', source: langsmith },
  { id: 'langsmith-service', pattern: 'lsv2_sk_<hex:32>_<hex:10>', source: langsmith },
  {
    id: 'llamaindex-cloud-key',
    pattern: 'llx-<alnum:40,60>',
    source: 'https://docs.cloud.llamaindex.ai/api_key',
  },
  {
    id: 'mem0-key',
    pattern: 'm0-<alnum:36,44>',
    source: 'https://docs.mem0.ai/platform/quickstart',
  },
  {
    id: 'cursor-key',
    pattern: 'key_<hex:64>',
    source: 'https://cursor.com/docs/background-agent/api/overview',
  },
  { id: 'e2b-key', pattern: 'e2b_<hex:40>', source: 'https://e2b.dev/docs/api-key' },
  {
    id: 'daytona-key',
    pattern: 'dtn_<hex:64>',
    source: 'https://www.daytona.io/docs/en/api-keys/',
  },
  {
    id: 'wandb-key',
    pattern: 'wandb_v1_<word:40,100>',
    source: 'https://docs.wandb.ai/support/find_api_key/',
  },
  {
    id: 'helicone-key',
    pattern: 'sk-helicone-<url:20,60>',
    source: 'https://docs.helicone.ai/helicone-headers/helicone-auth',
  },
]
