"""The training step of each phase, as one replica runs it.

Each step takes uint8 lr (b, h, w, 3) and hr (b, scale*h, scale*w, 3), updates the networks, and returns float32
scalars that are already divided by the number of replicas: their sum over replicas is the mean over the global batch.
`optimizer.apply` sums gradients over replicas by itself, so losses are divided before the gradient is taken.
"""

import keras
import tensorflow as tf

from pyimagesearch import losses
from pyimagesearch.config import TrainConfig
from pyimagesearch.evaluation import metrics

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
            sr = self.generator(lr, training=True)
            loss = losses.pixel_loss(self.config.pretrain_loss, sr, hr, self.config.label_border) / self.replicas
            scaled = self.optimizer.scale_loss(loss)
        _apply(self.optimizer, tape.gradient(scaled, variables), variables, self.replicas)
        return {"loss": loss}


class SRGANTraining:
    """Phase 2: generator and discriminator against each other (Ledig et al., CVPR 2017, section 2.2)."""

    METRICS = (
        "loss",
        "content_loss",
        "adversarial_loss",
        "pixel_loss",
        "grid_loss",
        "discriminator_loss",
        "accuracy_real",
        "accuracy_fake",
        "gradient_ratio",
        "lr_consistency_db",
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
        judged = self._train_discriminator(sr, hr)
        with tf.GradientTape(persistent=True) as loss_tape:
            loss_tape.watch(sr)
            parts = self._generator_losses(sr, hr, hr_features)
            weighted = self._weighted(parts)
            scaled = {name: self.optimizer.scale_loss(loss) for name, loss in weighted.items()}
        # The chain rule by hand: what each loss would have the picture change, then the weights that draw it. One by
        # one costs no more than at once, since the losses look at the picture through different networks.
        pulls = {name: loss_tape.gradient(loss, sr) for name, loss in scaled.items()}
        gradients = generator_tape.gradient(sr, variables, output_gradients=tf.add_n(list(pulls.values())))
        _apply(self.optimizer, gradients, variables, self.replicas)
        ratio = tf.math.divide_no_nan(_norms(pulls["adversarial_loss"]), _norms(pulls["content_loss"]))
        ratio = tf.where(tf.math.is_finite(ratio), ratio, 0.0)  # float16 may overflow; that step is left out
        consistency = tf.reduce_mean(metrics.lr_consistency(sr, lr, self.config.scale))
        return {
            **judged,
            **parts,
            "loss": tf.add_n(list(weighted.values())),
            "gradient_ratio": tf.reduce_mean(ratio) / self.replicas,
            "lr_consistency_db": consistency / self.replicas,
        }

    def _train_discriminator(self, sr: tf.Tensor, hr: tf.Tensor) -> Metrics:
        variables = self.discriminator.trainable_variables
        criterion = losses.squared_loss if self.config.discriminator_loss == "mse" else losses.adversarial_loss
        with tf.GradientTape() as tape:
            if self.config.concatenate_batches:
                fake, real = tf.split(self.discriminator(tf.concat([sr, hr], 0), training=True), 2)
            else:
                fake, real = self.discriminator(sr, training=True), self.discriminator(hr, training=True)
            # Over fakes and reals together: the mean of both halves.
            loss = (criterion(fake, real=False) + criterion(real, real=True)) / 2 / self.replicas
            scaled = self.discriminator_optimizer.scale_loss(loss)
        _apply(self.discriminator_optimizer, tape.gradient(scaled, variables), variables, self.replicas)
        return {
            "discriminator_loss": loss,
            "accuracy_real": tf.reduce_mean(tf.cast(real > 0, tf.float32)) / self.replicas,
            "accuracy_fake": tf.reduce_mean(tf.cast(fake <= 0, tf.float32)) / self.replicas,
        }

    def _generator_losses(self, sr: tf.Tensor, hr: tf.Tensor, hr_features: dict[str, tf.Tensor]) -> Metrics:
        config = self.config
        features = self.vgg(sr, training=False)
        content = losses.content_loss(features, hr_features, config.content_layers, config.content_scale)
        adversarial = losses.adversarial_loss(self._judge(sr), real=True)
        return {
            "content_loss": content / self.replicas,
            "adversarial_loss": adversarial / self.replicas,
            "pixel_loss": losses.pixel_loss("l1", sr, hr) / self.replicas,
            "grid_loss": losses.grid_loss(sr, hr, config.scale) / self.replicas,
        }

    def _weighted(self, parts: Metrics) -> Metrics:
        config = self.config
        return {
            "content_loss": config.content_weight * parts["content_loss"],
            "adversarial_loss": config.adversarial_weight * parts["adversarial_loss"],
            "pixel_loss": config.pixel_weight * parts["pixel_loss"],
            "grid_loss": config.grid_weight * parts["grid_loss"],
        }

    def _judge(self, sr: tf.Tensor) -> tf.Tensor:
        """The discriminator's logits with the statistics of this batch, leaving its moving averages alone."""
        model = self.discriminator
        trainable = [variable.value for variable in model.trainable_variables]
        state = [variable.value for variable in model.non_trainable_variables]
        logits, _ = model.stateless_call(trainable, state, sr, training=True)
        return logits


def _norms(gradient: tf.Tensor) -> tf.Tensor:
    """(B, H, W, 3) -> (B,)."""
    return tf.sqrt(tf.reduce_sum(tf.square(gradient), axis=(1, 2, 3)))


def _apply(optimizer: keras.Optimizer, gradients: list[tf.Tensor], variables: list, replicas: int) -> None:
    """Update `variables` with the sum of the replicas' gradients."""
    if replicas > 1 and isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        # It leaves a step out where the first replica's gradients are not finite: so all have to see the sum, of
        # which each then gives its part.
        total = tf.distribute.get_replica_context().all_reduce("SUM", gradients)
        gradients = [gradient / replicas for gradient in total]
    optimizer.apply(gradients, variables)
