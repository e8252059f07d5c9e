"""The training step of each phase, as one replica runs it.

Each step takes uint8 lr (b, h, w, 3) and hr (b, scale*h, scale*w, 3), updates the networks, and returns float32
scalars that are already divided by the number of replicas: their sum over replicas is the mean over the global batch.
`optimizer.apply` sums gradients over replicas by itself, so losses are divided before the gradient is taken.
"""

import keras
import tensorflow as tf

from pyimagesearch import losses
from pyimagesearch.config import TrainConfig

Metrics = dict[str, tf.Tensor]


class PretrainTraining:
    """Phase 1: the generator against a pixel loss."""

    METRICS = ("loss",)

    def __init__(self, config: TrainConfig, generator: keras.Model, optimizer: keras.Optimizer, replicas: int):
        self.config = config
        self.generator = generator
        self.optimizer = optimizer
        self.replicas = replicas

    def train_step(self, lr: tf.Tensor, hr: tf.Tensor) -> Metrics:
        """One update of the generator; returns `loss`."""
        lr, hr = tf.cast(lr, tf.float32), tf.cast(hr, tf.float32)
        variables = self.generator.trainable_variables
        with tf.GradientTape() as tape:
            loss = losses.pixel_loss(self.config.pretrain_loss, self.generator(lr, training=True), hr) / self.replicas
            scaled = self.optimizer.scale_loss(loss)
        self.optimizer.apply(tape.gradient(scaled, variables), variables)
        return {"loss": loss}


class SRGANTraining:
    """Phase 2: generator and discriminator against each other (Ledig et al., CVPR 2017, section 2.2)."""

    METRICS = (
        "loss",
        "content_loss",
        "adversarial_loss",
        "pixel_loss",
        "discriminator_loss",
        "accuracy_real",
        "accuracy_fake",
    )

    def __init__(
        self,
        config: TrainConfig,
        generator: keras.Model,
        discriminator: keras.Model,
        vgg: keras.Model,
        optimizer: keras.Optimizer,
        discriminator_optimizer: keras.Optimizer,
        replicas: int,
    ):
        self.config = config
        self.generator = generator
        self.discriminator = discriminator
        self.vgg = vgg
        self.optimizer = optimizer
        self.discriminator_optimizer = discriminator_optimizer
        self.replicas = replicas

    def train_step(self, lr: tf.Tensor, hr: tf.Tensor) -> Metrics:
        """The discriminator's update on fakes and reals, then the generator's against that discriminator."""
        lr, hr = tf.cast(lr, tf.float32), tf.cast(hr, tf.float32)
        variables = self.generator.trainable_variables
        hr_features = self.vgg(hr, training=False)  # outside every tape: nothing is learned through it
        with tf.GradientTape() as generator_tape:
            sr = self.generator(lr, training=True)  # the only forward pass of the generator
        metrics = self._train_discriminator(sr, hr)
        with tf.GradientTape() as loss_tape:
            loss_tape.watch(sr)
            parts = self._generator_losses(sr, hr, hr_features)
            total = self.optimizer.scale_loss(parts["loss"])
        # The chain rule by hand: the gradient of the losses with respect to the picture, then of the picture.
        gradients = generator_tape.gradient(sr, variables, output_gradients=loss_tape.gradient(total, sr))
        self.optimizer.apply(gradients, variables)
        return {**metrics, **parts}

    def _train_discriminator(self, sr: tf.Tensor, hr: tf.Tensor) -> Metrics:
        variables = self.discriminator.trainable_variables
        with tf.GradientTape() as tape:
            if self.config.concatenate_batches:
                fake, real = tf.split(self.discriminator(tf.concat([sr, hr], 0), training=True), 2)
            else:
                fake, real = self.discriminator(sr, training=True), self.discriminator(hr, training=True)
            # BCE over fakes and reals together: the mean of both halves.
            loss = losses.adversarial_loss(fake, real=False) + losses.adversarial_loss(real, real=True)
            loss = loss / 2 / self.replicas
            scaled = self.discriminator_optimizer.scale_loss(loss)
        self.discriminator_optimizer.apply(tape.gradient(scaled, variables), variables)
        return {
            "discriminator_loss": loss,
            "accuracy_real": tf.reduce_mean(tf.cast(real > 0, tf.float32)) / self.replicas,
            "accuracy_fake": tf.reduce_mean(tf.cast(fake <= 0, tf.float32)) / self.replicas,
        }

    def _generator_losses(self, sr: tf.Tensor, hr: tf.Tensor, hr_features: tf.Tensor) -> Metrics:
        config = self.config
        content = losses.content_loss(self.vgg(sr, training=False), hr_features, config.content_scale)
        adversarial = losses.adversarial_loss(self._judge(sr), real=True)
        pixel = losses.pixel_loss("l1", sr, hr)
        loss = config.content_weight * content + config.adversarial_weight * adversarial + config.pixel_weight * pixel
        return {
            "pixel_loss": pixel / self.replicas,
            "loss": loss / self.replicas,
            "content_loss": content / self.replicas,
            "adversarial_loss": adversarial / self.replicas,
        }

    def _judge(self, sr: tf.Tensor) -> tf.Tensor:
        """The discriminator's logits with the statistics of this batch, leaving its moving averages alone."""
        model = self.discriminator
        trainable = [variable.value for variable in model.trainable_variables]
        state = [variable.value for variable in model.non_trainable_variables]
        logits, _ = model.stateless_call(trainable, state, sr, training=True)
        return logits
