class AwsAuth < Formula
  desc "Run a command with the credentials of an AWS profile"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license "MIT"

  # @begin aarch64-apple-darwin@
  on_macos do
    on_arm do
      url "@REPOSITORY@/releases/download/v@VERSION@/aws-auth-@VERSION@-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256 aarch64-apple-darwin@"
    end
    on_intel do
      url "@REPOSITORY@/releases/download/v@VERSION@/aws-auth-@VERSION@-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256 x86_64-apple-darwin@"
    end
  end

  # @end@
  on_linux do
    on_arm do
      url "@REPOSITORY@/releases/download/v@VERSION@/aws-auth-@VERSION@-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256 aarch64-unknown-linux-musl@"
    end
    on_intel do
      url "@REPOSITORY@/releases/download/v@VERSION@/aws-auth-@VERSION@-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256 x86_64-unknown-linux-musl@"
    end
  end

  def install
    bin.install "bin/aws-auth"
    man1.install "share/man/man1/aws-auth.1"
    bash_completion.install "share/bash-completion/completions/aws-auth"
    zsh_completion.install "share/zsh/site-functions/_aws-auth"
    fish_completion.install "share/fish/vendor_completions.d/aws-auth.fish"
    (share/"aws-auth").install "share/aws-auth/completions"
    doc.install Dir["share/doc/aws-auth/*"]
  end

  test do
    assert_equal "aws-auth #{version}\n", shell_output("#{bin}/aws-auth --version")
  end
end
