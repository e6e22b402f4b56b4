//! References to secrets, sealed secrets, random secrets and hashed tokens.
