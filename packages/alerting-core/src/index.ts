export * from "./alert-book.ts";
export * from "./alert-records.ts";
export * from "./evaluator.ts";
export * from "./ids.ts";
export { faultText, type RuleFault, RulesInvalid } from "./rules/faults.ts";
export { checkRules, checkRuleTexts, loadRules, RULES_MAX, type RulesCheck } from "./rules/load.ts";
export { rulesSchemaText } from "./rules/schema.ts";
