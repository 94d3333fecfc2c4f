import fc from 'fast-check'

/**
 * One fixed sample for the property tests, so that a run can be told from the run before it by what changed. Set
 * `FC_SEED` to look elsewhere: `FC_SEED=$RANDOM npm test`.
 */
const { FC_SEED = '20261121' } = process.env
fc.configureGlobal({ seed: Number(FC_SEED) })
