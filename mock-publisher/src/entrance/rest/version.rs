/// A version of the API. They have the same calls, but for a few, and answer them with different statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    V1,
    V2,
    V3,
    V4,
}

impl Version {
    pub(super) const ALL: [Self; 4] = [Self::V1, Self::V2, Self::V3, Self::V4];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::V3 => "v3",
            Self::V4 => "v4",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == name)
    }

    /// Whether what was changed is answered with a redirect to it, and a removal with 200: so do the two older versions.
    pub(super) const fn redirects(self) -> bool {
        matches!(self, Self::V1 | Self::V2)
    }
}
