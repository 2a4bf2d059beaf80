export * from "./addressing.ts";
export * from "./alert-book.ts";
export * from "./alert-records.ts";
export * from "./evaluator.ts";
export * from "./ids.ts";
export * from "./messages/message.ts";
export * from "./messages/pagerduty.ts";
export * from "./messages/slack.ts";
export * from "./messages/webhook.ts";
export type { TargetConfig } from "./routing/build-receivers.ts";
export {
  checkRouting,
  DEFAULT_RECEIVER,
  type Heartbeat,
  immediateRouting,
  loadRouting,
  type Routing,
} from "./routing/load.ts";
export { routingSchemaText } from "./routing/schema.ts";
export { type Environment, readSecret, type SecretSource } from "./routing/secret.ts";
export { zoneOffset } from "./routing/zone-offset.ts";
export { faultText, type RuleFault, RulesInvalid } from "./rules/faults.ts";
export { checkRules, checkRuleTexts, loadRules, RULES_MAX, type RulesCheck, resolveRulesDir } from "./rules/load.ts";
export { rulesSchemaText } from "./rules/schema.ts";
export { checkRuleFiles, type RuleFilesCheck, testRuleFiles } from "./rules-files.ts";
export type { RuleTestsReport } from "./rules-test/run-rule-tests.ts";
export * from "./stepper.ts";
