import fc from 'fast-check'

/**
 * One fixed sample for the property tests, so that a run can be told from the run before it by what changed. Set
 * `FC_SEED` to look elsewhere: `FC_SEED=$RANDOM npm test`.
 */
fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 20_261_121) })
