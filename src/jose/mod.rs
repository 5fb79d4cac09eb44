//! Signing keys and JSON Web Signatures: ours are written and verified here with AWS-LC; foreign ones go through josekit.
