package answer

var keySpecs = values("RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1",
	"SYMMETRIC_DEFAULT", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512", "SM2", "ML_DSA_44", "ML_DSA_65", "ML_DSA_87",
	"ECC_NIST_EDWARDS25519", "ML_KEM_512", "ML_KEM_768", "ML_KEM_1024")

// kms adds the APIs of KMS.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html
func (t table) kms() {
	t.object("kms:DescribeKey", one("KeyMetadata", open,
		one("KeyId", sameKey("KeyId")), one("Arn", anARN, sameKey("KeyId")), maybe("AWSAccountId"), endsARN("KeyId", "Arn"), inARN("AWSAccountId", "Arn"),
		one("KeyState", values("Creating", "Enabled", "Disabled", "PendingDeletion", "PendingImport", "PendingReplicaDeletion", "Unavailable", "Updating")),
		one("KeyUsage", values("ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE")),
		one("KeyManager", values("AWS", "CUSTOMER")), one("KeySpec", keySpecs), one("Origin", values("AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE")), one("MultiRegion", boolean), maybe("Enabled", boolean),
		maybe("CloudHsmClusterId"), maybe("CreationDate", number), maybe("CurrentKeyMaterialId"), maybe("CustomKeyStoreId"), maybe("CustomerMasterKeySpec"),
		maybe("DeletionDate", number), maybe("Description"), maybe("EncryptionAlgorithms", array), maybe("SigningAlgorithms", array),
		maybe("MacAlgorithms", array), maybe("KeyAgreementAlgorithms", array), maybe("EncapsulationAlgorithms", array), maybe("ExpirationModel"),
		maybe("MultiRegionConfiguration", quiet), maybe("PendingDeletionWindowInDays", number), maybe("ValidTo", number), maybe("XksKeyConfiguration", quiet)))
	t.object("kms:GetKeyPolicy", one("Policy", nonEmpty), maybe("PolicyName", same("PolicyName")))
	pages := group(maybe("Truncated", boolean), maybe("NextMarker"), cut("Truncated", "NextMarker"))
	t.object("kms:ListGrants", pages, one("Grants", array,
		maybe("KeyId", sameKey("KeyId")), one("GrantId", nonEmpty), maybe("Name"), maybe("CreationDate", number), maybe("GranteePrincipal", nonEmpty), maybe("GranteeServicePrincipal", nonEmpty),
		anyOf("GranteePrincipal", "GranteeServicePrincipal"),
		maybe("RetiringPrincipal"), maybe("RetiringServicePrincipal"), maybe("IssuingAccount"), one("Operations", array, filled), maybe("Constraints", quiet)))
	t.object("kms:ListAliases", pages, one("Aliases", array, open,
		one("AliasName", nonEmpty), maybe("AliasArn"), endsARN("AliasName", "AliasArn"), maybe("TargetKeyId", sameKey("KeyId")), maybe("CreationDate", number), maybe("LastUpdatedDate", number)))
	t.object("kms:ListResourceTags", pages, one("Tags", array, one("TagKey"), one("TagValue")))
}

// securityHub adds the APIs of Security Hub.
// https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Operations.html
func (t table) securityHub() {
	t.object("securityhub:GetFindings", open, maybe("NextToken"), one("Findings", array, quiet))
	t["securityhub:GetFindings"].limit = 16 << 20
	t.object("securityhub:BatchImportFindings", open, one("FailedCount", integer), one("SuccessCount", integer), maybe("FailedFindings", array, quiet))
}
