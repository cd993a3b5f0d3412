//! All combinations of the values of some parameters, by number.

use anyhow::{Result, bail};

use super::param::Param;

/// Most combinations of a sweep.
pub(crate) const COMBINATIONS_MAX: u64 = 1_000_000;
/// Most parameters.
pub(crate) const PARAMS_MAX: usize = 8;

/// The combinations: number 0 has the first value of each, and the last parameter changes fastest.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    params: Vec<Param>,
    len: u64,
}

impl Grid {
    /// The combinations of these parameters.
    ///
    /// # Errors
    /// A key is there twice, or there are too many parameters or combinations.
    pub(crate) fn new(params: Vec<Param>) -> Result<Self> {
        if params.len() > PARAMS_MAX {
            bail!("found {} parameters (accepted: at most {PARAMS_MAX})", params.len());
        }
        for (index, param) in params.iter().enumerate() {
            if params.iter().take(index).any(|known| known.key == param.key) {
                bail!("--param {}: found twice (accepted: each key once)", param.key);
            }
        }
        let len = params.iter().try_fold(1u64, |all, param| all.checked_mul(param.values.len() as u64));
        match len {
            Some(len) if len <= COMBINATIONS_MAX => Ok(Self { params, len }),
            _ => {
                let counts: Vec<String> = params.iter().map(|param| param.values.len().to_string()).collect();
                bail!(
                    "found {} combinations (accepted: at most {COMBINATIONS_MAX}, as with larger steps)",
                    counts.join(" x ")
                )
            }
        }
    }

    /// How many combinations there are.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The parameters.
    pub(crate) fn params(&self) -> &[Param] {
        &self.params
    }

    /// For each parameter, which of its values combination `number` has.
    pub(crate) fn indices(&self, number: u64) -> Vec<usize> {
        let mut rest = number;
        let mut indices: Vec<usize> = self
            .params
            .iter()
            .rev()
            .map(|param| {
                let count = param.values.len() as u64;
                let index = rest % count;
                rest /= count;
                usize::try_from(index).unwrap_or(0)
            })
            .collect();
        indices.reverse();
        indices
    }

    /// The values of combination `number`, in the order of the parameters.
    pub(crate) fn values(&self, number: u64) -> Vec<&str> {
        let values = self.params.iter().zip(self.indices(number));
        values.filter_map(|(param, index)| param.values.get(index)).map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(params: &[&str]) -> Result<Grid> {
        Grid::new(params.iter().map(|text| Param::parse(text)).collect::<Result<_>>()?)
    }

    #[test]
    fn every_combination_comes_once_and_the_last_parameter_changes_fastest() {
        let grid = grid(&["a=1..2", "b=x,y,z"]).unwrap();
        let all: Vec<String> = (0..grid.len()).map(|number| grid.values(number).concat()).collect();
        assert_eq!(all, ["1x", "1y", "1z", "2x", "2y", "2z"]);
    }

    #[test]
    fn a_grid_has_limits() {
        let error = |params: &[&str]| grid(params).unwrap_err().to_string();
        assert_eq!(error(&["a=1", "a=2"]), "--param a: found twice (accepted: each key once)");
        assert_eq!(
            error(&["a=1..2000", "b=1..2000"]),
            "found 2000 x 2000 combinations (accepted: at most 1000000, as with larger steps)"
        );
        let many: Vec<String> = (0..9).map(|number| format!("p{number}=1")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(error(&many), "found 9 parameters (accepted: at most 8)");
    }
}
