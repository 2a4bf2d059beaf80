/** Longest name of a node, a farm, a person and a record's id, in characters. */
export const CONTROL_NAME_LENGTH_MAX = 128;
/** Longest id of an incident, in characters: it is made of a rule's name and labels. */
export const INCIDENT_LENGTH_MAX = 200;
/** Longest comment, reason and text of an annotation, in characters. */
export const CONTROL_TEXT_LENGTH_MAX = 2_000;
/** Longest value of a matcher or a tag, in characters. */
export const CONTROL_VALUE_LENGTH_MAX = 256;
export const CONTROL_URL_LENGTH_MAX = 2_048;
export const MATCHERS_MAX = 16;
export const TAGS_MAX = 32;
export const RULE_FILES_MAX = 64;
/** Different quantiles that a rule set names at most. */
export const RULE_QUANTILES_MAX = 16;
/** Longest path of a rule file, in characters. */
export const RULE_FILE_NAME_LENGTH_MAX = 256;
/** Characters of all rule files together: a set has to fit into one message of the log. */
export const RULE_TEXT_LENGTH_MAX = 512 * 1024;
/** Sampling keeps one in so many at most. */
export const KEEP_ONE_IN_MAX = 65_536;

/** Most nodes whose farm is kept; a membership of a further node is refused. As many as the kernel's farm_metadata has. */
export const MEMBERSHIPS_MAX = 65_536;
/** Most scopes (all, farms, nodes) with a sampling of their own; a further one is refused. */
export const SAMPLINGS_MAX = 65_536;
/** Most silences; a further one takes the place of one that has ended, and is refused when none has. */
export const SILENCES_MAX = 4_096;
/** Most annotations; the ones about the oldest times go. */
export const ANNOTATIONS_MAX = 10_000;
/** Most acknowledged incidents; the ones acknowledged first go. */
export const ACKNOWLEDGEMENTS_MAX = 10_000;
